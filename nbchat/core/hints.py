"""Type hints read two ways: as the JSON schema that a model is shown, and as the check and conversion of what it then sends.

Owns which hints can cross JSON. Both ways are made together, hint by hint, so that neither can promise what the other lacks.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nbchat.core.errors import UsageError

__all__ = ["ANY", "Hint", "hint_of", "read_members", "resolved", "schema_of"]

Read: TypeAlias = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Hint:
    """One type hint: its JSON `schema`, what it wants in words (`says`: "an integer"), and `read(value, where)`, which returns
    the Python value of a JSON value or raises ValueError, in words for the model that wrote it; `where` names the place."""

    schema: Mapping[str, Any]
    says: str
    read: Read

    def described(self, text: str) -> Hint:
        """Return this hint with a description, in front of the one that it has."""
        if not text:
            return self
        own = self.schema.get("description")
        return dataclasses.replace(self, schema={**self.schema, "description": f"{text} ({own})" if own else text})


def hint_of(hint: Any, where: str, *, build: bool = True) -> Hint:
    """Return how values of `hint` are described and read; raises UsageError for hints that JSON cannot serve, naming `where`.

    Without `build`, values are checked alone: dicts and lists stand for dataclasses and sets, so no code of anybody's runs.
    """
    return _Maker(where, build).make(hint)


def resolved(annotations: Mapping[str, Any], names: Mapping[str, Any], local: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the annotations with those that are text evaluated, in these global and local names; raises UsageError."""
    holder = types.SimpleNamespace(__annotations__=dict(annotations))
    try:
        return typing.get_type_hints(holder, dict(names), dict(local), include_extras=True)
    except NameError as error:
        raise UsageError(
            f"A type hint of {where} cannot be resolved: {error}.",
            hint="Where hints are text (`from __future__ import annotations`), their types must stand at the module's top level.",
        ) from None
    except Exception as error:  # whatever evaluating somebody's text can raise
        raise UsageError(f"The type hints of {where} cannot be read: {error}.") from None


# ---------------------------------------------------------------- JSON values as they are


def _any(value: Any, where: str) -> Any:
    return value


ANY = Hint({}, "any JSON value", _any)


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


_PLAIN: dict[Any, Hint] = {
    Any: ANY,
    object: ANY,
    inspect.Parameter.empty: ANY,
    str: Hint({"type": "string"}, "a string", _str),
    int: Hint({"type": "integer"}, "an integer", _int),
    float: Hint({"type": "number"}, "a number", _float),
    bool: Hint({"type": "boolean"}, "true or false", _bool),
    None: Hint({"type": "null"}, "null", _none),
    type(None): Hint({"type": "null"}, "null", _none),
}
_abc = collections.abc
_LISTS = frozenset({list, _abc.Sequence, _abc.MutableSequence, _abc.Iterable, _abc.Collection})
_SETS: dict[Any, type] = {set: set, _abc.Set: set, _abc.MutableSet: set, frozenset: frozenset}
_DICTS = frozenset({dict, _abc.Mapping, _abc.MutableMapping})
_MARKS = ("Required", "NotRequired", "ReadOnly")
_SCALARS = (str, int, float, bool, type(None))


# ---------------------------------------------------------------- hints made of others


class _Maker:
    """Makes the hint of one parameter; knows the classes that it is inside of, as none can be sent that holds itself."""

    def __init__(self, where: str, build: bool) -> None:
        self._where = where
        self._build = build
        self._inside: list[type] = []

    def make(self, hint: Any) -> Hint:
        try:
            if hint in _PLAIN:
                return _PLAIN[hint]
        except TypeError:  # a hint that cannot be hashed, such as one annotated with a list
            pass
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self._annotated(args[0], args[1:])
        if origin is typing.Union or origin is types.UnionType:
            return _union([self.make(each) for each in args])
        if origin is typing.Literal:
            return self._literal(args)
        for inner in ("__supertype__", "__value__"):  # NewType, and the `type` statement
            if hasattr(hint, inner) and not isinstance(hint, type):
                return self.make(getattr(hint, inner))
        return self._container(origin or hint, args) or self._class(hint)

    def _refuse(self, hint: Any, why: str = "") -> UsageError:
        name = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")
        return UsageError(
            f"{self._where} has the type hint {name}, {why or 'which a model cannot give'}.",
            hint="Use str, int, float, bool, None, list, tuple, set, dict, Literal, Enum, TypedDict or a dataclass.",
        )

    def _annotated(self, hint: Any, notes: Sequence[Any]) -> Hint:
        return self.make(hint).described(next((note for note in notes if isinstance(note, str)), ""))

    def _literal(self, values: tuple[Any, ...]) -> Hint:
        for value in values:
            if type(value) not in _SCALARS:
                raise self._refuse(f"Literal[{value!r}]")
        return _choice([(value, value) for value in values])

    def _container(self, origin: Any, args: tuple[Any, ...]) -> Hint | None:
        if not isinstance(origin, type):
            return None
        if origin in _LISTS:
            return _list(self.make(args[0]) if args else ANY, list)
        if origin in _SETS:
            return _list(self.make(args[0]) if args else ANY, _SETS[origin] if self._build else list, unique=True)
        if origin is tuple:
            if not args or args[-1] is Ellipsis:
                return _list(self.make(args[0]) if args else ANY, tuple)
            return _tuple([self.make(each) for each in args if each != ()])
        if origin in _DICTS:
            if args and args[0] not in (str, Any):
                raise self._refuse(f"dict[{args[0]}, ...]", "but names in JSON are strings")
            return _dict(self.make(args[1]) if args else ANY)
        return None

    def _class(self, hint: Any) -> Hint:
        if not isinstance(hint, type):
            raise self._refuse(hint)
        if issubclass(hint, enum.Enum):
            return self._enum(hint)
        typed_dict = issubclass(hint, dict) and hasattr(hint, "__required_keys__")
        if not typed_dict and not dataclasses.is_dataclass(hint):
            raise self._refuse(hint)
        if hint in self._inside:
            raise self._refuse(hint, "which holds itself")
        self._inside.append(hint)
        made = self._typed_dict(hint) if typed_dict else self._dataclass(hint)
        self._inside.pop()
        return made

    def _enum(self, cls: type[enum.Enum]) -> Hint:
        members = list(cls)
        if not members:
            raise self._refuse(cls, "which has no members")
        # Strings are what their author meant to be read; the numbers of an enum mean nothing to a model, its names do.
        text = all(isinstance(member.value, str) for member in members)
        return _choice([(member.value if text else member.name, member) for member in members])

    def _fields_of(self, cls: type) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for base in reversed(cls.__mro__):  # each class's hints are text of its own module
            if own := inspect.get_annotations(base):
                module = inspect.getmodule(base)
                found.update(resolved(own, vars(module) if module else {}, vars(base), f"{self._where}, class {base.__name__}"))
        return found

    def _typed_dict(self, cls: Any) -> Hint:
        required, members = set(cls.__required_keys__), {}
        for name, hint in self._fields_of(cls).items():
            while (mark := getattr(typing.get_origin(hint), "_name", None)) in _MARKS:
                if mark == "Required":  # where hints are text, the class itself has not seen it
                    required.add(name)
                elif mark == "NotRequired":
                    required.discard(name)
                hint = typing.get_args(hint)[0]  # noqa: PLW2901 - peeled off, mark by mark
            members[name] = self.make(hint)
        return _object(members, required, cls.__name__, dict)

    def _dataclass(self, cls: Any) -> Hint:
        fields = [each for each in dataclasses.fields(cls) if each.init]
        if [each.name for each in fields] != list(inspect.signature(cls).parameters):
            raise self._refuse(cls, "whose constructor takes other arguments than its fields")
        hints = self._fields_of(cls)
        missing = dataclasses.MISSING
        required = {each.name for each in fields if each.default is missing and each.default_factory is missing}
        return _object(
            {each.name: self.make(hints[each.name]) for each in fields}, required, cls.__name__, cls if self._build else dict
        )


def _union(members: Sequence[Hint]) -> Hint:
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

    return Hint({"anyOf": [member.schema for member in members]}, says, read)


def _choice(pairs: Sequence[tuple[Any, Any]]) -> Hint:
    """One of some scalars, each with what it stands for."""
    names = [{None: "null", True: "true", False: "false"}[v] if v is None or isinstance(v, bool) else repr(v) for v, _ in pairs]
    says = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    kinds = {_PLAIN[type(value)].schema["type"] for value, _ in pairs}

    def read(value: Any, where: str) -> Any:
        for known, meant in pairs:
            if type(known) is type(value) and known == value:
                return meant
        raise _wrong(where, says, value)

    schema: dict[str, Any] = {"enum": [value for value, _ in pairs]}
    return Hint({"type": kinds.pop(), **schema} if len(kinds) == 1 else schema, says, read)


def _items(value: Any, where: str, says: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(where, says, value)
    return value


def _list(item: Hint, make: type, *, unique: bool = False) -> Hint:
    says = "a list" if item is ANY else f"a list, each item {item.says}"

    def read(value: Any, where: str) -> Any:
        read_items = [item.read(each, f"{where}[{n}]") for n, each in enumerate(_items(value, where, says))]
        try:
            return make(read_items)
        except TypeError:  # a set of what cannot be hashed
            raise ValueError(f"the items of {where} must be strings, numbers, true, false or null") from None

    return Hint({"type": "array", "items": item.schema, **({"uniqueItems": True} if unique else {})}, says, read)


def _tuple(items: Sequence[Hint]) -> Hint:
    says = f"a list of exactly {len(items)}" + (f": {', '.join(item.says for item in items)}" if items else "")
    kinds = [schema for n, schema in enumerate(item.schema for item in items) if schema not in [i.schema for i in items[:n]]]

    def read(value: Any, where: str) -> Any:
        if len(_items(value, where, says)) != len(items):
            raise _wrong(where, says, value)
        return tuple(item.read(each, f"{where}[{n}]") for n, (item, each) in enumerate(zip(items, value, strict=True)))

    # Not `prefixItems`: servers that check schemas want `items`, and few know the other.
    each: Mapping[str, Any] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
    schema: dict[str, Any] = {"type": "array", "items": each, "minItems": len(items), "maxItems": len(items)}
    return Hint({**schema, "description": says} if len(kinds) > 1 else schema, says, read)


def _dict(item: Hint) -> Hint:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        return {name: item.read(each, f"{where}[{name!r}]") for name, each in value.items()}

    return Hint({"type": "object", "additionalProperties": item.schema}, "an object", read)


def _object(members: Mapping[str, Hint], required: set[str], name: str, make: Callable[..., Any]) -> Hint:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, f"an object ({name})", value)
        found = read_members(value, members, required, f"{where}.")
        try:
            return make(**found)
        except Exception as error:  # a constructor that checks
            raise ValueError(f"{where} is no valid {name}: {error}"[:500]) from None

    return Hint(schema_of(members, required), f"an object ({name})", read)


def schema_of(members: Mapping[str, Hint], required: set[str]) -> dict[str, Any]:
    """Return the schema of an object of these members."""
    schema: dict[str, Any] = {"type": "object", "properties": {name: hint.schema for name, hint in members.items()}}
    if needed := [name for name in members if name in required]:
        schema["required"] = needed
    return schema


def read_members(given: Mapping[str, Any], members: Mapping[str, Hint], required: set[str], prefix: str = "") -> dict[str, Any]:
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
