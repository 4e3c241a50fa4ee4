"""The shape of a chunk (or a whole completion) on the wire: only the fields in use, decoded by msgspec.

Imported by the first stream, on a thread: importing it loads msgspec. Must not know what the fields mean.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["Choice", "Chunk", "Delta", "decode_chunk"]

_ABSENT = msgspec.Raw(b"")


class Function(msgspec.Struct, gc=False):
    """The function of a tool call, in fragments."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, gc=False):
    """A fragment of one tool call."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Delta(msgspec.Struct):
    """What a chunk adds (or a whole message)."""

    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Any] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None


class Choice(msgspec.Struct):
    """One alternative answer; nbchat asks for one."""

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    usage: msgspec.Raw = _ABSENT
    error: Any = None


class Chunk(msgspec.Struct):
    """One data payload. `usage` stays raw JSON: most providers send it once, some on every chunk."""

    model: str | None = None
    choices: list[Choice] | None = None
    usage: msgspec.Raw = _ABSENT
    x_groq: msgspec.Raw = _ABSENT
    error: Any = None


_decoder = msgspec.json.Decoder(Chunk)


def decode_chunk(data: bytes) -> Chunk | None:
    """Return the chunk, or None when `data` is no JSON object.

    What msgspec refuses (half an emoji, bad UTF-8, a field of an unexpected type) is read by the standard library, and
    fields of a wrong type count as absent: one odd field must not cost the answer.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        found = json.loads(data.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return _tolerant(found) if isinstance(found, dict) else None


def _tolerant(found: dict[str, Any]) -> Chunk:
    choices = found.get("choices")
    return Chunk(
        model=_str(found.get("model")),
        choices=[_choice(c) for c in choices if isinstance(c, dict)] if isinstance(choices, list) else None,
        usage=_raw(found.get("usage")),
        x_groq=_raw(found.get("x_groq")),
        error=found.get("error"),
    )


def _choice(found: dict[str, Any]) -> Choice:
    delta, message = found.get("delta"), found.get("message")
    return Choice(
        index=_index(found.get("index")),
        delta=_delta(delta) if isinstance(delta, dict) else None,
        message=_delta(message) if isinstance(message, dict) else None,
        finish_reason=_str(found.get("finish_reason")),
        usage=_raw(found.get("usage")),
        error=found.get("error"),
    )


def _delta(found: dict[str, Any]) -> Delta:
    content, calls, call = found.get("content"), found.get("tool_calls"), found.get("function_call")
    if isinstance(content, dict):  # one part without its list
        content = [content]
    details = found.get("reasoning_details")
    return Delta(
        content=content if isinstance(content, (str, list)) else None,
        reasoning_content=_str(found.get("reasoning_content")),
        reasoning=_str(found.get("reasoning")),
        reasoning_details=details if isinstance(details, list) else None,
        refusal=_str(found.get("refusal")),
        tool_calls=[_tool_call(c) for c in calls if isinstance(c, dict)] if isinstance(calls, list) else None,
        function_call=_function(call) if isinstance(call, dict) else None,
    )


def _tool_call(found: dict[str, Any]) -> ToolCall:
    function = found.get("function")
    return ToolCall(
        index=_index(found.get("index")),
        id=_str(found.get("id")),
        function=_function(function) if isinstance(function, dict) else None,
    )


def _function(found: dict[str, Any]) -> Function:
    arguments = found.get("arguments")
    if isinstance(arguments, (dict, list)):  # some servers send the arguments as an object instead of its text
        arguments = json.dumps(arguments)
    return Function(_str(found.get("name")), _str(arguments))


def _index(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return int(value) if isinstance(value, (int, float)) and abs(value) < 2**31 else None


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode()) if isinstance(value, dict) else _ABSENT
