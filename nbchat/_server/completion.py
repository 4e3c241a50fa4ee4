"""The chat-completions wire: one answer as the chunks of a stream, or as a whole completion.

Owns the JSON shapes and the shapes in which usage is reported; must not know how bytes are framed or paced.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbchat._server.request import Request, text_of

__all__ = [
    "DONE",
    "Answer",
    "Stage",
    "UsageShape",
    "error_body",
    "event",
    "models_body",
    "split_tokens",
    "stream_of",
    "whole",
]

UsageShape = Literal["extra", "extra-delta", "finish", "every", "never"]
"""How usage comes: in an extra chunk without choices; in an extra chunk with an empty delta; on the finish chunk; on every
chunk (null, then zero, then cumulative); or not at all. All five are in the field."""

Stage = Literal["head", "token", "tail"]
"""Where in a stream an event stands: before the first token, a token, after the last one."""

CREATED = 1_760_000_000
"""The `created` of every answer: the same question gives the same bytes."""

DONE = b"data: [DONE]\n\n"
_ZERO = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_TOKEN = re.compile(r"\s?\w{1,6}|\s?[^\w\s]{1,2}|\s")


@dataclass(frozen=True)
class Answer:
    """What the scripted model says: its tokens, and how the stream around them looks."""

    tokens: tuple[str, ...]
    reasoning: tuple[str, ...] = ()
    tool_calls: tuple[tuple[str, str, str], ...] = ()
    """Id, name and arguments of each."""
    usage: Mapping[str, Any] | None = None
    usage_shape: UsageShape = "extra"
    finish_reason: str | None = "stop"
    model: str | None = None
    done: bool = True
    error: Mapping[str, Any] | None = None
    reasoning_field: str = "reasoning_content"


def split_tokens(text: str) -> tuple[str, ...]:
    """Split a text into pieces of a word or up to six letters, each with the white space before it; joined they are the text."""
    return tuple(_TOKEN.findall(text))


def event(payload: Any) -> bytes:
    """Return one server-sent event: bytes as they are, a string as its data, anything else as JSON data."""
    if isinstance(payload, bytes):
        return payload
    data = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
    return b"data: " + data.encode() + b"\n\n"


def counted(request: Request, answer: Answer, tokens: int) -> dict[str, Any]:
    """Return the usage after this many tokens of the answer: the script's own, or counted in pieces of `split_tokens`."""
    if answer.usage is not None:
        return dict(answer.usage)
    prompt = sum(len(split_tokens(text_of(message))) for message in request.messages)
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
    if answer.reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": min(tokens, len(answer.reasoning))}
    return usage


def stream_of(request: Request, answer: Answer) -> Iterator[tuple[bytes, Stage]]:
    """Yield each event of the stream with its place in it: the head, the tokens one by one, the tail up to [DONE]."""
    base = {"id": _id(request), "object": "chat.completion.chunk", "created": CREATED, "model": _model(request, answer)}
    shape, sent = answer.usage_shape, 0

    def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        return event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    def so_far() -> dict[str, Any]:
        if shape != "every":
            return {}
        return {"usage": None if sent == 0 else _ZERO if sent == 1 else counted(request, answer, sent)}

    yield chunk({"role": "assistant", "content": ""}, **so_far()), "head"
    for delta in _deltas(answer):
        sent += 1
        yield chunk(delta, **so_far()), "token"
    if answer.error is not None:
        yield event({"error": answer.error}), "tail"
        return
    usage = {"usage": counted(request, answer, sent)}
    if answer.finish_reason is not None:
        more: dict[str, Any] = usage if shape in ("finish", "every") else {}
        yield chunk({}, answer.finish_reason, **more), "tail"
    if shape == "extra":
        yield event({**base, "choices": [], **usage}), "tail"
    elif shape == "extra-delta":
        yield chunk({}, None, **usage), "tail"
    if answer.done:
        yield DONE, "tail"


def whole(request: Request, answer: Answer) -> dict[str, Any]:
    """Return the completion as one JSON object, as a request without `"stream": true` gets it."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.tokens)}
    if answer.reasoning:
        message[answer.reasoning_field] = "".join(answer.reasoning)
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}
            for call, name, arguments in answer.tool_calls
        ]
    completion: dict[str, Any] = {
        "id": _id(request),
        "object": "chat.completion",
        "created": CREATED,
        "model": _model(request, answer),
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
    }
    if answer.usage_shape != "never":
        completion["usage"] = counted(request, answer, sum(1 for _ in _deltas(answer)))
    return completion


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    for token in answer.reasoning:
        yield {answer.reasoning_field: token}
    for token in answer.tokens:
        yield {"content": token}
    for index, (call, name, arguments) in enumerate(answer.tool_calls):
        opened = {"index": index, "id": call, "type": "function", "function": {"name": name, "arguments": ""}}
        yield {"tool_calls": [opened]}
        for piece in split_tokens(arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _id(request: Request) -> str:
    return f"chatcmpl-{zlib.crc32(request.body):08x}"


def _model(request: Request, answer: Answer) -> str:
    return answer.model or request.model or "scripted"


def error_body(message: str, *, type: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """Return an error as OpenAI's API words it."""
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


def models_body(models: Sequence[str]) -> dict[str, Any]:
    """Return the listing of `GET /v1/models`."""
    data = [{"id": model, "object": "model", "created": CREATED, "owned_by": "nbchat"} for model in models]
    return {"object": "list", "data": data}
