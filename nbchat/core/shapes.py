"""Shapes: what a JSON value has to look like, said as a JSON schema and done as the check and conversion of what a model wrote.

Owns the shapes that plain values and those made of others have, and the words for what does not fit. Both sides are made
together, so that neither can promise what the other lacks. Must not know type hints.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = [
    "ANY",
    "PLAIN",
    "Shape",
    "choice_of",
    "dict_of",
    "list_of",
    "object_of",
    "read_members",
    "schema_of",
    "tuple_of",
    "union_of",
]

Read: TypeAlias = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """One type hint: its JSON `schema`, what it wants in words (`says`: "an integer"), and `read(value, where)`, which returns
    the Python value of a JSON value or raises ValueError, in words for the model that wrote it; `where` names the place."""

    schema: Mapping[str, Any]
    says: str
    read: Read

    def described(self, text: str) -> Shape:
        """Return this hint with a description, in front of the one that it has."""
        if not text:
            return self
        own = self.schema.get("description")
        return dataclasses.replace(self, schema={**self.schema, "description": f"{text} ({own})" if own else text})


# ---------------------------------------------------------------- values as they are


def _any(value: Any, where: str) -> Any:
    return value


ANY = Shape({}, "any JSON value", _any)


def _wrong(where: str, says: str, value: Any) -> ValueError:
    return ValueError(f"{where} must be {says}, not {_shown(value)}")


def _shown(value: Any) -> str:
    """Name a JSON value in a few words."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f"the string {value!r}" if len(value) <= 40 else f"a string of {len(value):,} characters"
    if isinstance(value, int | float):
        text = repr(value)
        return f"the number {text}" if len(text) <= 40 else f"a number of {len(text):,} digits"
    return "an object" if isinstance(value, dict) else f"a list of {len(value):,}"


def _str(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "a string", value)
    return value


def _int(value: Any, where: str) -> int:
    if isinstance(value, float) and value.is_integer():  # to JSON, 3.0 is an integer
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(where, "an integer", value)
    return value


def _float(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(where, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{where} is too large a number") from None


def _bool(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return value


def _none(value: Any, where: str) -> None:
    if value is not None:
        raise _wrong(where, "null", value)


PLAIN: dict[Any, Shape] = {
    Any: ANY,
    object: ANY,
    str: Shape({"type": "string"}, "a string", _str),
    int: Shape({"type": "integer"}, "an integer", _int),
    float: Shape({"type": "number"}, "a number", _float),
    bool: Shape({"type": "boolean"}, "true or false", _bool),
    None: Shape({"type": "null"}, "null", _none),
    type(None): Shape({"type": "null"}, "null", _none),
}

# ---------------------------------------------------------------- values made of others


def union_of(members: Sequence[Shape]) -> Shape:
    """One of several shapes, tried in their order."""
    says = ", or ".join(dict.fromkeys(member.says for member in members))
    firm = [member for member in members if member.schema != {"type": "null"}]

    def read(value: Any, where: str) -> Any:
        if value is None and len(firm) < len(members):
            return None
        # 3 would pass for a float, and 3.0 for an int
        kind = {int: "integer", float: "number"}.get(type(value))
        errors = []
        for member in sorted(firm, key=lambda member: member.schema.get("type") != kind) if kind else firm:
            try:
                return member.read(value, where)
            except ValueError as error:
                errors.append(str(error))
        if len(errors) == 1:
            raise ValueError(errors[0])
        raise ValueError(f"{where} must be {says}: {'; '.join(dict.fromkeys(errors))}"[:1000])

    return Shape({"anyOf": [member.schema for member in members]}, says, read)


def choice_of(pairs: Sequence[tuple[Any, Any]]) -> Shape:
    """One of some scalars, each with what it stands for."""
    names = [{None: "null", True: "true", False: "false"}[v] if v is None or isinstance(v, bool) else repr(v) for v, _ in pairs]
    says = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    kinds = {PLAIN[type(value)].schema["type"] for value, _ in pairs}

    def read(value: Any, where: str) -> Any:
        for known, meant in pairs:
            if type(known) is type(value) and known == value:
                return meant
        raise _wrong(where, says, value)

    schema: dict[str, Any] = {"enum": [value for value, _ in pairs]}
    return Shape({"type": kinds.pop(), **schema} if len(kinds) == 1 else schema, says, read)


def _items(value: Any, where: str, says: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(where, says, value)
    return value


def list_of(item: Shape, make: type, *, unique: bool = False) -> Shape:
    """A list of like items, given to `make`; `unique` items are a set to the model."""
    says = "a list" if item is ANY else f"a list, each item {item.says}"

    def read(value: Any, where: str) -> Any:
        read_items = [item.read(each, f"{where}[{n}]") for n, each in enumerate(_items(value, where, says))]
        try:
            return make(read_items)
        except TypeError:  # a set of what cannot be hashed
            raise ValueError(f"the items of {where} must be strings, numbers, true, false or null") from None

    return Shape({"type": "array", "items": item.schema, **({"uniqueItems": True} if unique else {})}, says, read)


def tuple_of(items: Sequence[Shape]) -> Shape:
    """A list of exactly these items."""
    says = f"a list of exactly {len(items)}" + (f": {', '.join(item.says for item in items)}" if items else "")
    kinds = [schema for n, schema in enumerate(item.schema for item in items) if schema not in [i.schema for i in items[:n]]]

    def read(value: Any, where: str) -> Any:
        if len(_items(value, where, says)) != len(items):
            raise _wrong(where, says, value)
        return tuple(item.read(each, f"{where}[{n}]") for n, (item, each) in enumerate(zip(items, value, strict=True)))

    # Not `prefixItems`: servers that check schemas want `items`, and few know the other.
    each: Mapping[str, Any] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
    schema: dict[str, Any] = {"type": "array", "items": each, "minItems": len(items), "maxItems": len(items)}
    return Shape({**schema, "description": says} if len(kinds) > 1 else schema, says, read)


def dict_of(item: Shape) -> Shape:
    """An object with any names, and like values."""

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        return {name: item.read(each, f"{where}[{name!r}]") for name, each in value.items()}

    return Shape({"type": "object", "additionalProperties": item.schema}, "an object", read)


def object_of(members: Mapping[str, Shape], required: set[str], name: str, make: Callable[..., Any]) -> Shape:
    """An object of these members, called `name`, given to `make` by keyword."""

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, f"an object ({name})", value)
        found = read_members(value, members, required, f"{where}.")
        try:
            return make(**found)
        except Exception as error:  # a constructor that checks
            raise ValueError(f"{where} is no valid {name}: {error}"[:500]) from None

    return Shape(schema_of(members, required), f"an object ({name})", read)


def schema_of(members: Mapping[str, Shape], required: set[str]) -> dict[str, Any]:
    """Return the schema of an object of these members."""
    schema: dict[str, Any] = {"type": "object", "properties": {name: hint.schema for name, hint in members.items()}}
    if needed := [name for name in members if name in required]:
        schema["required"] = needed
    return schema


def read_members(given: Mapping[str, Any], members: Mapping[str, Shape], required: set[str], prefix: str = "") -> dict[str, Any]:
    """Return the members of an object as Python values; raises one ValueError that names all that is wrong."""
    wrong = [f"{prefix}{name} is missing" for name in members if name in required and name not in given]
    if strange := [name for name in given if name not in members]:
        known = f"known are {', '.join(members)}" if members else "none is known"
        wrong.append(f"{', '.join(prefix + repr(name)[:60] for name in strange[:10])} is not known ({known})")
    found = {}
    for name, value in given.items():
        if name in members:
            try:
                found[name] = members[name].read(value, f"{prefix}{name}")
            except ValueError as error:
                wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    return found
