"""The body of a chat-completions request: messages and parameters as JSON.

Owns how parts are spelled for the server, and that the history sent is one that servers accept. Must not know HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from nbchat.core.errors import UsageError
from nbchat.core.messages import ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.surrogates import SurrogateJoiner, has_surrogate

__all__ = ["request_body"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_OWNED = frozenset({"messages", "model", "stream"})


def request_body(
    request: ModelRequest, *, renamed: Mapping[str, str] = _NOTHING, stream_options: Mapping[str, Any] = _NOTHING
) -> bytes:
    """Return the JSON body of a streaming request, UTF-8; it asks for usage.

    Parameters pass through as they are; None takes one out (`stream_options=None` for a server that does not know it).
    `renamed` maps parameters to this provider's names for them, `stream_options` adds its own to those. Raises UsageError
    for parameters that nbchat sets itself and for values that are no JSON.
    """
    clash = sorted(_OWNED & request.parameters.keys())
    if clash:
        raise UsageError(f"{', '.join(clash)} cannot be given as parameters.", hint="They follow from the conversation.")
    body: dict[str, Any] = {"model": request.model, "messages": list(_messages(request.messages)), "stream": True}
    body["stream_options"] = {"include_usage": True, **stream_options}
    for name, value in request.parameters.items():
        body[renamed.get(name, name)] = value
    body = {name: value for name, value in body.items() if value is not None}
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(_well_formed(body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"A parameter cannot be sent as JSON: {error}", hint="Use numbers, strings, lists and dicts.") from None


def _messages(messages: Iterable[Message]) -> Iterable[dict[str, Any]]:
    """Yield the messages in the server's spelling; an answer without content (stopped at once) is left out, and so are
    calls without a result and results without a call, which servers refuse."""
    given = list(messages)
    answered = {part.call_id for message in given for part in message.parts if isinstance(part, ToolResultPart)}
    asked: set[str] = set()
    for message in given:
        results = [part for part in message.parts if isinstance(part, ToolResultPart)]
        calls = [part for part in message.parts if isinstance(part, ToolCallPart) and part.id in answered]
        if message.role != "tool":
            content = _content(message)
            if calls:
                asked.update(call.id for call in calls)
                yield {"role": message.role, "content": content or None, "tool_calls": [_call(call) for call in calls]}
            elif content or message.role == "user":
                yield {"role": message.role, "content": content}
        for result in results:
            if result.call_id in asked:
                yield {"role": "tool", "tool_call_id": result.call_id, "content": result.text}


def _content(message: Message) -> str | list[dict[str, Any]]:
    """Text alone is a string (every server takes it); with images it is a list of parts. Reasoning is not sent back."""
    if message.role != "user" or not any(isinstance(part, ImagePart) for part in message.parts):
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart):
            parts.append({"type": "image_url", "image_url": {"url": part.url}})
    return parts


def _call(call: ToolCallPart) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _well_formed(value: Any) -> Any:
    """Return `value` with every lone surrogate in its strings joined or replaced: UTF-8 cannot say it."""
    if isinstance(value, str):
        if not has_surrogate(value):
            return value
        joiner = SurrogateJoiner()
        return joiner.join(value) + joiner.flush()
    if isinstance(value, dict):
        return {name: _well_formed(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_well_formed(each) for each in value]
    return value
