"""The body of a chat-completions request: messages, tools and parameters as JSON.

Owns how all of it is spelled for the server; which messages there are, and in which order, is the sessions' matter. Must not
know HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from nbchat.core.attachments import caption, framed
from nbchat.core.errors import UsageError
from nbchat.core.messages import FilePart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.requests import ModelRequest
from nbchat.core.tools import ToolSpec, json_object
from nbchat.providers.presets import PRESETS, Preset
from nbchat.providers.surrogates import SurrogateJoiner, has_surrogate

__all__ = ["as_json", "request_body", "request_members", "schema_of", "with_schema"]

_OWNED = frozenset({"messages", "model", "stream"})
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def request_body(request: ModelRequest, preset: Preset = PRESETS["custom"]) -> bytes:
    """Return the JSON body of a streaming request, UTF-8; see `request_members`."""
    return as_json(request_members(request, preset))


def request_members(request: ModelRequest, preset: Preset) -> dict[str, Any]:
    """Return the members of a streaming request; it asks for usage.

    Parameters pass through as they are; None takes one out (`stream_options=None` for a server that does not know it). The
    preset says what its server calls otherwise. Raises UsageError for parameters that nbchat sets itself, and for an answer to
    go on with that is none or that the server does not go on with.
    """
    owned = _OWNED | {"tools"} if request.tools else _OWNED
    clash = sorted(owned & request.parameters.keys())
    if clash:
        raise UsageError(f"{', '.join(clash)} cannot be given as parameters.", hint="They follow from the conversation.")
    messages = [spelled for message in request.messages for spelled in _spelled(message, preset.call_ids)]
    body: dict[str, Any] = {"model": request.model, "messages": messages, "stream": True}
    body["stream_options"] = {"include_usage": True, **preset.stream_options}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.continues:
        body.update(_going_on(messages, preset))
    for name, value in request.parameters.items():
        body[preset.renamed.get(name, name)] = value
    return {name: value for name, value in body.items() if value is not None}


def schema_of(response_format: Any) -> dict[str, Any]:
    """Return the JSON schema that a response format asks for; an empty one for every other format."""
    described = response_format.get("json_schema") if isinstance(response_format, dict) else None
    schema = described.get("schema") if isinstance(described, dict) else None
    return schema if isinstance(schema, dict) else {}


def with_schema(messages: list[dict[str, Any]], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages with the last question asking for such an answer in words: for servers without response formats."""
    at = max((at for at, message in enumerate(messages) if message["role"] == "user"), default=None)
    if at is None:
        return messages
    words = f"Answer with JSON alone, that fits this JSON schema:\n{json.dumps(schema, ensure_ascii=False)}"
    content = messages[at]["content"]
    asking = f"{content}\n\n{words}" if isinstance(content, str) else [*content, {"type": "text", "text": words}]
    return [*messages[:at], {**messages[at], "content": asking}, *messages[at + 1 :]]


def as_json(body: dict[str, Any]) -> bytes:
    """Return a request as JSON, UTF-8; raises UsageError for values that are no JSON."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(_well_formed(body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"A parameter cannot be sent as JSON: {error}", hint="Use numbers, strings, lists and dicts.") from None


def _spelled(message: Message, call_ids: str) -> list[dict[str, Any]]:
    """One message in the server's spelling; of role "tool", one for each result."""
    if message.role == "tool":
        results = [part for part in message.parts if isinstance(part, ToolResultPart)]
        return [{"role": "tool", "tool_call_id": _call_id(each.call_id, call_ids), "content": each.text} for each in results]
    spelled: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if calls := [_call(part, call_ids) for part in message.parts if isinstance(part, ToolCallPart)]:
        spelled["content"] = spelled["content"] or None
        spelled["tool_calls"] = calls
    return [spelled]


def _going_on(messages: list[dict[str, Any]], preset: Preset) -> dict[str, Any]:
    """Make the last message one to go on with; returns the members that the request needs for it."""
    last = messages[-1] if messages else {}
    text = last["content"].rstrip() if last.get("role") == "assistant" and isinstance(last["content"], str) else ""
    if not text or preset.prefill is None:
        raise UsageError("There is no answer here that this provider could go on with.", hint="Ask it to continue, in words.")
    last.update({"content": text, **preset.prefill.message})  # white space at the end is refused, or spoils the next token
    return dict(preset.prefill.request)


def _content(message: Message) -> str | list[dict[str, Any]]:
    """Text alone, also that of files, is a string (every server takes it); with images it is a list of parts. Reasoning is not
    sent back."""
    if message.role != "user" or not message.attachments:
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ImagePart):
            if said := caption(part):
                parts.append({"type": "text", "text": said})
            parts.append({"type": "image_url", "image_url": {"url": part.url}})
        elif isinstance(part, FilePart):
            parts.append({"type": "text", "text": framed(part)})
        elif isinstance(part, TextPart) and part.text:
            parts.append({"type": "text", "text": part.text})
    if any(part["type"] != "text" for part in parts):
        return parts
    return "\n\n".join(part["text"] for part in parts)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": dict(tool.parameters)}}


def _call(call: ToolCallPart, call_ids: str) -> dict[str, Any]:
    """A call as servers take it back, whatever the model wrote: they refuse the whole conversation for names of other letters,
    and for arguments that are no JSON object. (What was wrong is told by the call's result.)"""
    try:
        json_object(call.arguments)
        arguments = call.arguments
    except ValueError:
        arguments = "{}"
    function = {"name": _NO_NAME.sub("_", call.name)[:64] or "_", "arguments": arguments}
    return {"id": _call_id(call.id, call_ids), "type": "function", "function": function}


def _call_id(call_id: str, pattern: str) -> str:
    """The id, or one made of it where the server would refuse it; nine hexadecimal digits suit them all."""
    if not pattern or re.fullmatch(pattern, call_id):
        return call_id
    return hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:9]


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
