"""Answers whose tokens are numbered, so that any prefix is recognisable; and a server that notes when it sent each one.

The question itself says how it is answered ("q7: 40 tokens, 12 ms"), so nothing needs to be agreed between processes. Behind that
may stand "limit at 20" (there the answer ends for its length, and goes on when it is asked for the rest) or "tool at 20" (there
the function `look` is called). Whoever goes on with an answer is sent the tokens that its text lacks.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from nbchat.core.messages import Message
from nbchat.core.seam import CONTINUE_PROMPT
from nbchat.testing import Reply, Request, ScriptedServer

__all__ = ["NumberedServer", "asking", "tokens_of", "whole"]

_PLAN = re.compile(r"(\S+): (\d+) tokens, (\d+) ms(?:, (limit|tool) at (\d+))?")


def asking(name: str, tokens: int, milliseconds: int, pause: str = "") -> str:
    """Return a question that is answered by this many tokens, one each so many milliseconds; `name` has no space, `pause` is
    "limit" or "tool" (half way)."""
    return f"{name}: {tokens} tokens, {milliseconds} ms" + (f", {pause} at {(tokens + 1) // 2}" if pause else "")


def _match(question: str) -> re.Match[str]:
    found = _PLAN.fullmatch(question)
    assert found is not None, f"no question of ours: {question!r}"
    return found


def _plan(question: str) -> tuple[str, int, int]:
    found = _match(question)
    return found[1], int(found[2]), int(found[3])


def _pieces(question: str) -> list[tuple[str, str]]:
    """The answer token by token: the first fifth is reasoning."""
    name, tokens, _ = _plan(question)
    thoughts = tokens // 5
    return [
        ("reasoning_content" if n < thoughts else "content", f"[{name}.{n}] " + "grüße \U0001f600 " * (n % 3))
        for n in range(tokens)
    ]


def whole(question: str, tokens: int | None = None) -> tuple[str, str]:
    """Return reasoning and text of the first tokens of the answer (default: of all)."""
    pieces = _pieces(question)[:tokens]
    return tuple("".join(text for kind, text in pieces if kind == wanted) for wanted in ("reasoning_content", "content"))  # type: ignore[return-value]


def tokens_of(question: str, answer: Message) -> int:
    """Return how many tokens an answer has; raises ValueError where it is no exact prefix, token by token."""
    prefixes = [whole(question, count) for count in range(_plan(question)[1] + 1)]
    return prefixes.index((answer.reasoning, answer.text))


class NumberedServer(ScriptedServer):
    """Answers numbered questions. `sent[question]` are the times (`time.monotonic()`) just before each token was written."""

    def __init__(self) -> None:
        super().__init__(self._numbered)
        self.sent: dict[str, list[float]] = {}

    @property
    def questions(self) -> list[str]:
        """What was asked, in the order of arrival; without the requests that went on with an answer."""
        found = (_asked(request) for request in self.chats)
        return [question for question, said, _ in found if not said]

    def _numbered(self, request: Request) -> Reply:
        return Reply.events(self._steps(*_asked(request)))

    def _steps(self, question: str, said: str, looked: bool) -> Iterator[Any]:
        pieces, milliseconds = _pieces(question), _plan(question)[2]
        _, _, _, pause, where = _match(question).groups()
        begin = next(n for n in range(len(pieces) + 1) if whole(question, n)[1] == said) if said.strip() else 0
        end = len(pieces) if pause is None or looked or begin >= int(where) else int(where)
        times = self.sent.setdefault(question, [])
        del times[begin:]
        for kind, text in pieces[begin:end]:
            yield {"choices": [{"index": 0, "delta": {kind: text}}]}
            times.append(time.monotonic())
            yield milliseconds / 1000  # what was gathered so far is written, then this passes
        if pause == "tool" and not looked:
            call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
            yield {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
        else:
            yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "length" if end < len(pieces) else "stop"}]}
        count = end - begin
        yield {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": count, "total_tokens": 10 + count}}
        yield "[DONE]"


def _asked(request: Request) -> tuple[str, str, bool]:
    """The question of a request, the text of its answer so far, and whether the tool was called."""
    said, looked = "", False
    for message in reversed(request.messages):
        if message["role"] == "user" and message["content"] != CONTINUE_PROMPT:
            return message["content"], said, looked
        said = (message.get("content") or "") + said if message["role"] == "assistant" else said
        looked = looked or message["role"] == "tool"
    raise AssertionError("a request without a question")
