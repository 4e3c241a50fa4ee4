"""Examples: plausible arguments for a tool, made from its JSON schema, always the same ones.

A leaf. Must not know which tool it is, or what becomes of the call.
"""

from __future__ import annotations

from typing import Any

__all__ = ["example"]

_DEEPEST = 6
_TEXTS = {"city": "Oslo", "place": "Oslo", "location": "Oslo", "country": "Norway", "name": "Ada", "language": "English"}
"""What parameters with such names are likely to mean."""


def example(schema: Any, name: str = "", *, number: int = 0, depth: int = 0) -> Any:
    """Return a value that fits `schema`: for objects what is required, and of other things the least. `number` counts the
    members of an object, so that they differ. What the schema does not say is text."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if several := _choices(schema):
        return example(several[0], name, number=number, depth=depth + 1)
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    return _of_type(kind, schema, name, number, depth)


def _of_type(kind: Any, schema: dict[str, Any], name: str, number: int, depth: int) -> Any:
    if kind == "object":
        members = schema.get("properties")
        known: dict[str, Any] = members if isinstance(members, dict) else {}
        needed = schema.get("required")
        required = [each for each in needed if isinstance(each, str) and each in known] if isinstance(needed, list) else []
        return {each: example(known[each], each, number=n, depth=depth + 1) for n, each in enumerate(required)}
    if kind == "array":
        items = schema.get("items") or {}
        kinds = _choices(items) or [items]  # in turn: a tuple of several types is described so
        count = min(max(_bound(schema, "minItems", 0), min(2, _bound(schema, "maxItems", 2))), 8)
        return [example(kinds[n % len(kinds)], name, number=n, depth=depth + 1) for n in range(int(count))]
    if kind in ("integer", "number"):
        value = number + 2 if kind == "integer" else number + 2.5
        return min(max(value, _bound(schema, "minimum", value)), _bound(schema, "maximum", value))
    if kind == "boolean":
        return True
    return None if kind == "null" else _TEXTS.get(name.lower(), "example" if number == 0 else f"example {number + 1}")


def _choices(schema: Any) -> list[Any]:
    """The schemas of which a value fits one; without null, where there is another."""
    if not isinstance(schema, dict):
        return []
    found: list[Any] = next((schema[each] for each in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(each), list)), [])
    return [each for each in found if not (isinstance(each, dict) and each.get("type") == "null")] or found


def _bound(schema: dict[str, Any], name: str, default: float) -> float:
    found = schema.get(name)
    return found if isinstance(found, int | float) else default
