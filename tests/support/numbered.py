"""Answers whose tokens are numbered, so that any prefix is recognisable; and a server that notes when it sent each one.

The question itself says how it is answered ("q7: 40 tokens, 12 ms"), so nothing needs to be agreed between processes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from nbchat.core.messages import Message
from nbchat.testing import Reply, Request, ScriptedServer

__all__ = ["NumberedServer", "asking", "tokens_of", "whole"]

_PLAN = re.compile(r"(\S+): (\d+) tokens, (\d+) ms")


def asking(name: str, tokens: int, milliseconds: int) -> str:
    """Return a question that is answered by this many tokens, one each so many milliseconds; `name` has no space."""
    return f"{name}: {tokens} tokens, {milliseconds} ms"


def _plan(question: str) -> tuple[str, int, int]:
    found = _PLAN.fullmatch(question)
    assert found is not None, f"no question of ours: {question!r}"
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
        """What was asked, in the order of arrival."""
        return [request.question for request in self.chats]

    def _numbered(self, request: Request) -> Reply:
        return Reply.events(self._steps(request.question))

    def _steps(self, question: str) -> Iterator[Any]:
        times = self.sent[question] = []
        milliseconds = _plan(question)[2]
        for kind, text in _pieces(question):
            yield {"choices": [{"index": 0, "delta": {kind: text}}]}
            times.append(time.monotonic())
            yield milliseconds / 1000  # what was gathered so far is written, then this passes
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        yield {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": len(times), "total_tokens": 10 + len(times)}}
        yield "[DONE]"
