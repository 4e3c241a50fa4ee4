"""Structured: answers that are values: a class says what is wanted, its JSON schema goes along, and what comes back is checked.

Owns what a class may be (a pydantic model, where the person has pydantic; else what msgspec knows: dataclass, TypedDict, Struct,
attrs), how JSON is found in an answer, and what is said when it does not fit. How a provider is told is its own matter: as its
response format where it takes one, else in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from nbchat.core.errors import ChatError, UsageError
from nbchat.export.safe_markdown import Fence, split_fences

if TYPE_CHECKING:
    from nbchat.core.messages import Message

__all__ = ["Misfit", "Wanted"]

T = TypeVar("T")
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
_MOST = 500
"""How much of what a validator says goes to the model, and into an error. Characters."""


class Misfit(ValueError):  # noqa: N818 - never leaves this package
    """An answer is no JSON, or not such as was wanted; says where and why."""


class Wanted(Generic[T]):
    """What an answer is to be: `schema` is the class's JSON schema. Raises UsageError for what is no class with fields."""

    def __init__(self, cls: type[T]) -> None:
        self.name = getattr(cls, "__name__", str(cls))
        self._cls = cast(Any, cls)
        self._pydantic = all(hasattr(self._cls, name) for name in ("model_json_schema", "model_validate_json"))
        try:
            self.schema: dict[str, Any] = self._cls.model_json_schema() if self._pydantic else _msgspec_schema(cls)
        except (TypeError, NameError, ValueError) as error:
            raise _unusable(self.name, str(error).strip().rpartition("\n")[2]) from None
        if self.schema.get("type") != "object" or not self.schema.get("properties"):
            raise _unusable(self.name, "it has no fields")

    @property
    def response_format(self) -> dict[str, Any]:
        """The parameter that asks for it; strict where the schema is one that strict decoding takes: every field required,
        nothing else allowed (OpenAI's rule, platform.openai.com/docs/guides/structured-outputs)."""
        closed, strict = _closed(self.schema)
        described: dict[str, Any] = {"name": _NO_NAME.sub("_", self.name)[:64] or "answer", "schema": closed}
        return {"type": "json_schema", "json_schema": {**described, "strict": True} if strict else described}

    def read(self, answer: Message) -> T:
        """Return the value that an answer holds; raises Misfit."""
        text = _json_in(answer.text)
        try:
            if self._pydantic:
                made: T = self._cls.model_validate_json(text)
                return made
            import msgspec

            value: T = msgspec.json.decode(text.encode(errors="replace"), type=self._cls)
            return value
        except ValueError as error:  # both libraries' errors are one
            raise Misfit(_short(error, self._pydantic)) from None
        except RecursionError:
            raise Misfit("it is nested too deep.") from None

    def asked_for(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the question."""
        return {**options, "response_format": self.response_format}

    def asked_again(self, options: Mapping[str, Any], answer: Message) -> dict[str, Any]:
        """Return the options of its correction: what was attached is in the conversation already."""
        request_id = options.get("request_id")
        again = {name: value for name, value in options.items() if name != "attachments"}
        return self.asked_for({**again, "request_id": request_id and f"{request_id}-{answer.id}"})

    def correction(self, answer: Message, misfit: Misfit) -> str:
        """Return what is said to a model whose answer did not fit; raises ChatError for one that was cut."""
        if answer.finish_reason == "length":
            text = "The answer was cut at the length limit before its JSON was whole."
            raise ChatError(text, kind="invalid", hint="Give it more room: max_tokens=...", message=answer)
        schema = json.dumps(self.schema, ensure_ascii=False)
        return f"That does not fit: {misfit}\nAnswer again, with JSON alone, that fits this JSON schema:\n{schema}"

    def read_last(self, answer: Message) -> T:
        """Return the value that a corrected answer holds; raises ChatError, which carries it."""
        try:
            return self.read(answer)
        except Misfit as misfit:
            text = f"The answer is no {self.name}, after a second try too: {misfit}"
            hint = "What came is in the error's .message.text. A stronger model may do, or a simpler class."
            raise ChatError(text, kind="invalid", hint=hint, message=answer) from None


def _msgspec_schema(cls: Any) -> dict[str, Any]:
    import msgspec

    (root,), parts = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
    reference = str(root.get("$ref", ""))
    if not reference:
        return root
    own = dict(parts[reference.rpartition("/")[2]])
    others = {name: part for name, part in parts.items() if f"#/$defs/{name}" in json.dumps(list(parts.values()))}
    return {**own, "$defs": others} if others else own


def _closed(schema: Any) -> tuple[Any, bool]:
    """Return the schema with nothing allowed beside its fields, and whether strict decoding takes it."""
    if isinstance(schema, list):
        items = [_closed(each) for each in schema]
        return [item for item, _ in items], all(strict for _, strict in items)
    if not isinstance(schema, Mapping):
        return schema, True
    made: dict[str, Any] = {}
    strict = "default" not in schema or isinstance(schema["default"], Mapping)
    for name, value in schema.items():
        plain = name in ("default", "const", "enum", "examples", "required")
        made[name], inner = (value, True) if plain else _closed(value)
        strict = strict and inner
    fields = schema.get("properties")
    if isinstance(fields, Mapping) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
        strict = strict and set(schema.get("required", ())) == set(fields) and made["additionalProperties"] is False
    elif schema.get("type") == "object":
        strict = False  # a dict of any names
    return made, strict


def _json_in(text: str) -> str:
    """The JSON of an answer: all of it, or its one code block, or what lies between the outermost braces."""
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        return text
    blocks = [piece.code for piece in split_fences(text) if isinstance(piece, Fence)]
    if len(blocks) == 1:
        return blocks[0].strip()
    begin, end = text.find("{"), text.rfind("}")
    return text[begin : end + 1] if 0 <= begin < end else text


def _short(error: ValueError, pydantic: bool) -> str:
    """What was wrong and where, without the links and inputs that pydantic adds."""
    found: Any = error
    if pydantic and hasattr(error, "errors"):
        lines = [f"{'.'.join(map(str, each['loc'])) or 'the answer'}: {each['msg']}" for each in found.errors()[:5]]
        return "; ".join(lines)[:_MOST]
    return str(error)[:_MOST]


def _unusable(name: str, why: str) -> UsageError:
    hint = "Give a dataclass, a TypedDict or a pydantic model; a list goes into a field of one."
    return UsageError(f"{name} cannot be asked for: {why}.", hint=hint)
