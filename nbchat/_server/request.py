"""Request: what a client sent, as a value; and the reading of its head."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

__all__ = ["BadRequest", "Request", "parse_head"]


class BadRequest(Exception):  # noqa: N818 - the name of the status that it becomes
    """The bytes are no HTTP request that this server takes; the text goes into the 400."""


@dataclass(frozen=True)
class Request:
    """One request: `number` counts from 1 in the order of arrival, `time` is `time.monotonic()` when its body was complete.

    `method`, `path` (without the `query`) and `body` are as they came; the names of `headers` are in lower case, repeated ones
    joined by ", ".
    """

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    query: str = ""
    time: float = field(default=0.0, compare=False)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def is_chat(self) -> bool:
        """Whether this asks for a chat completion."""
        return self.method == "POST" and self.path.endswith("/chat/completions")

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat completion request; empty for any other."""
        found = self.json.get("messages") if isinstance(self.json, dict) else None
        return [message for message in found if isinstance(message, dict)] if isinstance(found, list) else []

    @property
    def model(self) -> str:
        """The model asked for, "" when none is named."""
        found = self.json.get("model") if isinstance(self.json, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def streamed(self) -> bool:
        """Whether the client asked for a stream."""
        return isinstance(self.json, dict) and self.json.get("stream") is True

    @property
    def question(self) -> str:
        """The text of the last message of role "user", "" when there is none."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return text_of(message)
        return ""

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The functions that the model may call: each with its name, description and parameters (a JSON schema)."""
        found = self.json.get("tools") if isinstance(self.json, dict) else None
        tools = [tool.get("function") for tool in found if isinstance(tool, dict)] if isinstance(found, list) else []
        return [function for function in tools if isinstance(function, dict)]

    @property
    def results(self) -> dict[str, str]:
        """The results that end the messages, if any do: the text of each by the id of its call."""
        found: list[dict[str, Any]] = []
        for message in reversed(self.messages):
            if message.get("role") != "tool":
                break
            found.insert(0, message)
        return {str(message.get("tool_call_id")): text_of(message) for message in found}


def text_of(message: dict[str, Any]) -> str:
    """Return a message's text: its content, or the text parts of it joined."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def parse_head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    """Return (method, path, query, headers) of a request's head, without its empty line; raises BadRequest."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("this server speaks HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest("a header line without a name")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if words[2] == "HTTP/1.0":
        headers["connection"] = "close"
    path, _, query = words[1].partition("?")
    return words[0], path, query, headers
