"""How the answers of the interleavings move: tokens, tools and the consent to them, time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.sessions.interleaved_truths import Truths
from tests.sessions.model_turns import Asked, Call
from tests.support.clock import settle

__all__ = ["WHICH", "Answers"]

WHICH = st.integers(0, 30)
"""One of those that there are, modulo their number."""


class Answers(Truths):
    """The rules by which a running turn goes on."""

    def act(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Do something, and wait until nothing can move any more but by a rule."""

        async def and_rest() -> None:
            await coroutine
            end = asyncio.get_running_loop().time() + 5
            while not self.rests():
                assert asyncio.get_running_loop().time() < end, "this never came to rest"
                await asyncio.sleep(0.001)
            await settle()

        self.life.run(and_rest())
        self.bind()

    @precondition(lambda self: self.running is not None and self.running.asked.phase == "stream" and self.arrived)
    @rule(gates=st.sampled_from((1, 1, 2, 9)))
    def move(self, gates: int) -> None:
        """The provider sends a token or more, or the end."""
        self._move(gates)

    @precondition(lambda self: self.running is not None)
    @rule(decision=st.sampled_from(("once", "deny")))
    def finish(self, decision: str) -> None:
        """The running turn goes on to its end, whatever that takes."""
        place = self.running
        while place is not None and self.running is place:
            if self.calls("asks"):
                self._decide(0, decision)
            elif self.calls("runs"):
                self._tool_returns(0)
            elif self.arrived:
                self._move(9)
            else:
                self.wait(3.5)

    def _move(self, gates: int) -> None:
        async def release() -> None:
            assert self.running is not None
            asked = self.running.asked
            answer, leg = asked.answer, asked.leg
            assert answer is not None
            released = min(gates, leg.tokens + 1 - asked.passed)
            gate = asked.gate
            for _ in range(released):
                if asked.passed < leg.tokens:
                    answer.atoms.append(("text", asked.token(asked.passed), ""))
                asked.passed += 1
            if asked.passed > leg.tokens:
                self.request_ends(leg.status)
                if leg.calls:
                    self._begin_calls(asked)
                else:
                    self.ended(leg.status)
            gate.release(released)

        self.act(release())
        self.since += 1

    def _begin_calls(self, asked: Asked) -> None:
        assert asked.answer is not None
        asked.phase = "tools"
        asked.answer.atoms += [("call", call.name, call.arguments) for call in asked.calls]
        asked.answer.saved = len(asked.answer.atoms)
        for call in asked.calls:
            self._begin_call(asked, call, asks=call.name == "risky" and not self.risky_allowed)

    def _begin_call(self, asked: Asked, call: Call, *, asks: bool) -> None:
        """It waits for consent, runs until it is let go, or has its result at once."""
        self.consented += [] if asks else [call.number]
        call.state = "asks" if asks else "runs"
        if not asks and call.name in ("now", "risky"):
            self._returns(asked, call, f"{call.name} {call.number}")

    def _returns(self, asked: Asked, call: Call, text: str) -> None:
        assert asked.answer is not None
        call.state = "done"
        asked.answer.atoms.append(("result", call.arguments, text))
        if all(each.state == "done" for each in asked.calls):
            self.next_request(asked)

    @precondition(lambda self: self.calls("asks"))
    @rule(which=WHICH, decision=st.sampled_from(("once", "once", "session", "deny", "deny")))
    def decide(self, which: int, decision: str) -> None:
        """A person decides about a call; "session" lets the others of that tool run as well."""
        self._decide(which, decision)

    def _decide(self, which: int, decision: str) -> None:
        call = self.calls("asks")[which % len(self.calls("asks"))]

        async def press() -> None:
            assert self.running is not None
            asked = self.running.asked
            approval = next(each for each in self.session.state.approvals if each.arguments == call.arguments)
            assert approval.tool == call.name
            if decision == "deny":
                refusal = "not run: the person refused this call. Do not try it again unless they ask for it."
                self._returns(asked, call, refusal)
            else:
                self.risky_allowed |= decision == "session"
                for each in [call, *(self.calls("asks") if decision == "session" else [])]:
                    if each.state == "asks":
                        self._begin_call(asked, each, asks=False)
            assert self.session.tools.decide(approval.call, decision)  # type: ignore[arg-type]
            assert not self.session.tools.decide(approval.call, "once")

        self.act(press())

    @precondition(lambda self: self.calls("runs"))
    @rule(which=WHICH)
    def tool_returns(self, which: int) -> None:
        self._tool_returns(which)

    def _tool_returns(self, which: int) -> None:
        call = self.calls("runs")[which % len(self.calls("runs"))]

        async def let_go() -> None:
            assert self.running is not None
            self._returns(self.running.asked, call, f"{call.name} {call.number}")
            self.tools.waiting.pop(call.number)()

        self.act(let_go())

    @rule(seconds=st.sampled_from((0.05, 0.3, 1.0, 3.5)))
    def wait(self, seconds: float) -> None:
        """Time passes: frames, checkpoints, heartbeats, retries."""
        life = self.life

        async def advance() -> None:
            await life.clock.advance(seconds)

        self.act(advance())
        if self.running is not None and seconds >= 0.3:
            assert self.running.asked.answer is not None
            self.running.asked.answer.saved = len(self.running.asked.answer.atoms)

    def _step(self, gates: int) -> None:
        for _ in range(gates):
            if self.running is not None and self.running.asked.phase == "stream" and self.arrived:
                self._move(1)
