"""A scripted model server for tests: real HTTP on loopback, every byte and every moment under the test's control.

    from nbchat.testing import Gate, Reply, ScriptedServer

    gate = Gate()
    with ScriptedServer([Reply.text("Hello there!", gate=gate), Reply.error(429, headers={"retry-after": "2"})]) as server:
        nbchat.add_provider("test", base_url=server.base_url, api_key=server.api_key)
        s = nbchat.session("t", model="test/any")
        turn = s.send("hi")              # the first request gets the first reply
        gate.release(2)                  # two tokens leave the server, and no more
        gate.wait_reached(3)
        turn.stop()
        server.wait_closed()             # nbchat has closed its socket
        assert server.chats[0].question == "hi"

It speaks OpenAI's chat completions (streamed or whole) and model listing, so any client of that API can be tested with it.
Standard library only; nothing listens beyond 127.0.0.1.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from nbchat._server.completion import UsageShape
from nbchat._server.gate import Gate
from nbchat._server.reply import End, Framing, Reply
from nbchat._server.request import Request
from nbchat._server.server import Closed, LoopbackServer

__all__ = ["Closed", "End", "Framing", "Gate", "Reply", "Request", "Script", "ScriptedServer", "UsageShape", "lorem"]

Answer: TypeAlias = "Reply | Callable[[Request], Reply]"
Script: TypeAlias = "Reply | Callable[[Request], Reply] | Iterable[Answer] | None"
"""What a server answers: one reply (or a function of the request) for every request, or a sequence of them, one each."""

_WORDS = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna "
    "aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat"
)


def lorem(tokens: int) -> list[str]:
    """Return this many tokens of filler text, always the same, about five letters each; a sentence has 12, a paragraph 96."""
    made, words = [], _WORDS.split()
    for n in range(tokens):
        word = words[n * 7 % len(words)]
        first, last = n % 12 == 0, n % 12 == 11 or n == tokens - 1
        lead = "" if n == 0 else "\n\n" if n % 96 == 0 else " "
        made.append(f"{lead}{word.capitalize() if first else word}{'.' if last else ''}")
    return made


class ScriptedServer(LoopbackServer):
    """An OpenAI-compatible server on 127.0.0.1 that answers as its script says. Start it by `with`, or `start()` and `stop()`.

    A script is one `Reply` for every request, a function `(Request) -> Reply` (called on the server's thread), or a
    sequence of either, one for each chat completion in the order of arrival; more can be added with `then`. Requests beyond
    the end of a sequence get a 400 that says so. Without a script each question is echoed.

    Requests must bear `api_key` (random unless given; None takes any). Refused and malformed requests use up no reply.
    `models` is what `GET /v1/models` lists; any model may be asked for. See `requests`, `chats`, `closed`, `open_streams`, and
    `wait_for`, `wait_closed`, `wait_idle` for what happened.
    """

    def __init__(self, script: Script = None, *, api_key: str | None = "", models: Sequence[str] = ("scripted",)) -> None:
        super().__init__(self._next, api_key=f"test-{secrets.token_urlsafe(16)}" if api_key == "" else api_key, models=models)
        self._always: Answer | None = None
        self._script: list[Answer] = []
        if script is None:
            self._always = _echo
        elif isinstance(script, Reply) or callable(script):
            self._always = script
        else:
            self._script = list(script)
        self._used = 0

    def then(self, *replies: Answer) -> None:
        """Add replies at the end of the script; any thread, at any time."""
        with self._changed:
            self._script.extend(replies)

    @property
    def left(self) -> int:
        """How many replies of the sequence were not used yet."""
        with self._changed:
            return len(self._script) - self._used

    def _next(self, request: Request) -> Reply:
        with self._changed:
            if self._used < len(self._script):
                answer = self._script[self._used]
                self._used += 1
            elif self._always is not None:
                answer = self._always
            else:
                words = f"the script has {len(self._script)} replies, and none is left for this request"
                return Reply.error(400, words, type="invalid_request_error", code="script_ended")
        return answer if isinstance(answer, Reply) else answer(request)


def _echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")
