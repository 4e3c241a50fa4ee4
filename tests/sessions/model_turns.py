"""The model's turns: what was asked, how the server answers each of its requests, and the tools that run in between."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nbchat.sessions.session import Session
from nbchat.sessions.turn import Turn, TurnKind
from nbchat.testing import Gate, Reply
from tests.sessions.model_tree import Node, Sent

__all__ = ["KINDS", "Asked", "Call", "Kind", "Leg", "Place", "Tools"]

PROMPT_TOKENS = 10


@dataclass(frozen=True)
class Leg:
    """How one request is answered: `tokens` come, one gate each, and behind one more gate the end: "stop", "length",
    "tool_calls" with `calls` (names), "cut", "refused" or "broken". It is refused as busy until the last of `attempts`."""

    tokens: int
    end: str = "stop"
    calls: tuple[str, ...] = ()
    attempts: int = 1

    @property
    def status(self) -> str:
        """How a turn ends with it."""
        return {"cut": "interrupted", "refused": "error", "broken": "error"}.get(self.end, "complete")


Kind = tuple[Leg, ...]


def _tools(*calls: str, then: Leg | None = None, tokens: int = 1) -> Kind:
    return Leg(tokens, "tool_calls", calls), then or Leg(1)


KINDS: dict[str, Kind] = {
    "plain": (Leg(3),),
    "short": (Leg(1),),
    "cut": (Leg(2, "cut"),),
    "length": (Leg(2, "length"),),
    "refused": (Leg(0, "refused"),),
    "broken": (Leg(2, "broken"),),
    "busy": (Leg(2, attempts=2),),
    "calls": (Leg(1, "tool_calls", ("now",)), Leg(0, "tool_calls", ("now",)), Leg(1)),
    "asks": _tools("risky", tokens=0),
    "asks twice": _tools("risky", "risky", then=Leg(1, "cut")),
    "blocks": _tools("slow", "now"),
    "awaits": _tools("later", "risky", then=Leg(1, "broken")),
}


@dataclass(eq=False)
class Call:
    """A call in the model: "asks" (for consent), "runs" (until the rule `tool_returns`), or "done"."""

    name: str
    number: int
    state: str = "asks"

    @property
    def arguments(self) -> str:
        return json.dumps({"n": self.number})


@dataclass(eq=False)
class Asked:
    """A turn that was asked for, in the model. `ask(session)` asks for it, again and again under the same request id."""

    name: str
    text: str
    kind: Kind
    what: TurnKind
    ask: Callable[[Session], Turn]
    place: Node | None = None
    """A new question's parent, or the message that is asked for again or gone on with."""
    at_end: bool = False
    """Of a new question: its parent is the end of the active path when its turn has come."""
    fate: str = "new"
    """new (nobody has it: also what was taken from the queue, or failed), waiting, running, ended."""
    question: Node | None = None
    answer: Node | None = None
    request: int = 0
    """The number of its request that runs, or ran last."""
    phase: str = "stream"
    """Of a running one: "stream" or "tools"."""
    sent: int = 0
    passed: int = 0
    gate: Gate = field(default_factory=Gate)
    calls: list[Call] = field(default_factory=list)
    before: list[Node] = field(default_factory=list)
    """What of the path is sent, up to its question: as it was when the turn began."""
    wire: list[Sent] = field(default_factory=list)
    """What the request that runs must say."""
    about: Node | None = None
    """What is edited."""
    by_id: bool = True
    """Whether its message was named: "the last one" is another one later, and cannot be asked for again."""
    goes_on: bool = False
    turns: list[Turn] = field(default_factory=list)
    """Its handles of this life."""

    @property
    def leg(self) -> Leg:
        return self.kind[self.request - 1]

    @property
    def row(self) -> str:
        """The id of the request that runs."""
        return self.name if self.request == 1 else f"{self.turns[-1].id}-{self.request}"

    @property
    def purpose(self) -> str:
        return "tool-round" if self.request > 1 else "continuation" if self.goes_on else "answer"

    def token(self, number: int) -> str:
        return f"{self.name}.{self.request}.{number} "

    def next_request(self) -> None:
        self.request += 1
        self.phase, self.sent, self.passed, self.gate = "stream", 0, 0, Gate()

    def reply(self) -> Reply:
        """What the server says to the request that runs."""
        leg, gate = self.leg, self.gate
        self.sent += 1
        if self.sent < leg.attempts:
            return Reply.error(503, headers={"retry-after": "2"})
        if leg.end == "refused":
            return Reply.error(401, "no").after(gate)
        steps: list[Any] = []
        for number in range(leg.tokens):
            steps += [gate, _chunk({"content": self.token(number)})]
        steps.append(gate)
        if leg.end == "cut":
            return Reply.events(steps, framing="close")
        if leg.end == "broken":
            return Reply.events([*steps, {"error": {"message": "died"}}])
        calls = [
            {"index": n, "id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for n, call in enumerate(self.calls)
        ]
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": leg.tokens, "total_tokens": PROMPT_TOKENS + leg.tokens}
        ending = [_chunk({"tool_calls": calls})] if calls else []
        return Reply.events([*steps, *ending, _chunk({}, leg.end), {"choices": [], "usage": usage}, "[DONE]"])


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


@dataclass(eq=False)
class Place:
    """A place in the queue: of the turn itself, or of one that was asked for before and is only to be shown its answer."""

    asked: Asked
    repeats: bool
    turn: Turn


class Tools:
    """The functions of the session, and those of them that run: `waiting[number]()` lets one return."""

    def __init__(self) -> None:
        self.waiting: dict[int, Callable[[], None]] = {}
        self.ran: list[int] = []
        self.numbers = itertools.count()

    @property
    def functions(self) -> list[Callable[..., Any]]:
        def now(n: int) -> str:
            """Return at once."""
            self.ran.append(n)
            return f"now {n}"

        def slow(n: int) -> str:
            """Block a thread."""
            self.ran.append(n)
            event = threading.Event()
            self.waiting[n] = event.set
            assert event.wait(20), "nobody let it return"
            return f"slow {n}"

        async def later(n: int) -> str:
            """Wait on the loop."""
            self.ran.append(n)
            event = asyncio.Event()
            self.waiting[n] = event.set
            await event.wait()
            return f"later {n}"

        def risky(n: int) -> str:
            """Needs consent."""
            self.ran.append(n)
            return f"risky {n}"

        return [now, slow, later, risky]

    def let_all_return(self) -> None:
        for returns in self.waiting.values():
            returns()
        self.waiting.clear()
