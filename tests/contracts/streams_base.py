"""What the streams contracts share: kernels on one place, jobs, the ends of logs, a reader that notes how it was called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from nbchat.core.cost import Cost
from nbchat.core.events import (
    Event,
    TextDelta,
    TurnEnd,
    TurnError,
    TurnStart,
)
from nbchat.core.messages import Message, TextPart
from nbchat.sessions.ports import EventLogEntry, EventTransport, Job, JobStore, ResumeState, Subscription
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock

__all__ = ["END", "FAILED", "START", "Kernel", "Kernels", "Reader", "Run", "StreamsBase", "a_job", "text_of", "texts"]

QUESTION = Message("u1", "user", (TextPart("why?"),), "p0")
ANSWER = Message("a1", "assistant", (), "u1", "streaming", model="lab/tiny")
START = TurnStart("t1", (QUESTION, ANSWER))
END = TurnEnd("t1", ANSWER, 0, Cost(Decimal(1)))
FAILED = TurnError("t1", ANSWER, 0)


def a_job(stream_id: str = "t1", **changes: Any) -> Job:
    values: dict[str, Any] = {"user_id": "me", "conversation_id": "c1", "generation": 1, "created_at": 100.0, **changes}
    return Job(stream_id, **values)


def texts(events: Sequence[Event]) -> str:
    """The text that a batch adds."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def text_of(state: ResumeState | None) -> str:
    """The text that a late reader is given."""
    assert state is not None
    return "".join(part.text for part in state.aggregated_content if isinstance(part, TextPart))


@dataclass
class Reader:
    """Notes how it was called, and what text it has: that of the state with which it began, and of all that came since."""

    calls: list[tuple[str, EventLogEntry]] = field(default_factory=list)
    gaps: int = 0
    text: str = ""
    seq: int = 0
    held: Subscription | None = None

    def callbacks(self) -> dict[str, Any]:
        def noting(kind: str) -> Any:
            def note(entry: EventLogEntry) -> None:
                self.calls.append((kind, entry))
                self.text += texts(entry.events)
                self.seq = entry.seq

            return note

        return {f"on_{kind}": noting(kind) for kind in ("chunk", "done", "error")}

    async def attach(self, log: EventTransport, stream_id: str = "t1") -> ResumeState:
        """Attach, and begin with the content so far."""
        found = await log.attach(stream_id, **self.callbacks(), on_gap=self._gap)
        assert found is not None
        state, self.held = found
        assert not self.calls, "called before its state was there"
        self.text, self.seq = text_of(state), state.last_seq
        return state

    def _gap(self) -> None:
        self.gaps += 1

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.calls]

    @property
    def positions(self) -> list[tuple[int, int]]:
        return [(entry.after, entry.seq) for _, entry in self.calls]


@dataclass(frozen=True)
class Kernel:
    """The jobs and logs of one kernel."""

    jobs: JobStore
    log: EventTransport

    async def close(self) -> None:
        await self.jobs.close()
        await self.log.close()


class Kernels:
    """The kernels of one test, all on one file or server. For a backend of one process they are the same one."""

    def __init__(self, base: StreamsBase, place: Path) -> None:
        self._base = base
        self._place = place
        self._opened: list[Kernel] = []
        self.clock = ManualClock()

    async def open(self, owner: str = "me") -> Kernel:
        """Another kernel of this owner."""
        kernel = Kernel(*self._base.open(self._place, self.clock, owner))
        self._opened.append(kernel)
        await kernel.jobs.initialize()
        return kernel

    async def two(self) -> tuple[Kernel, Kernel]:
        """Two kernels of one owner."""
        return await self.open(), await self.open()

    async def advance(self, seconds: float) -> None:
        """Let time pass, for the backend too."""
        await self._base.advance(self.clock, seconds)

    async def close(self) -> None:
        for kernel in self._opened:
            await kernel.close()


Run: TypeAlias = Callable[[Callable[[Kernels], Awaitable[None]]], None]


class StreamsBase:
    """Inherit and define `open`; `max_entries` bounds the tail that the backend keeps."""

    max_entries = 512

    def open(self, place: Path, clock: ManualClock, owner: str) -> tuple[JobStore, EventTransport]:
        """What `open_streams` gives a further kernel on the file, server or key prefix that stands for this path."""
        raise AssertionError("a backend says how it is opened")

    async def advance(self, clock: ManualClock, seconds: float) -> None:
        """Let time pass; a backend that goes by the time of its server says how."""
        await clock.advance(seconds)

    @pytest.fixture
    def run(self, tmp_path: Path) -> Run:
        return self.on(tmp_path)

    def on(self, place: Path) -> Run:
        """What runs a test with kernels on a place."""

        def run_with_kernels(work: Callable[[Kernels], Awaitable[None]]) -> None:
            async def main() -> None:
                kernels = Kernels(self, place)
                try:
                    await work(kernels)
                finally:
                    await kernels.close()

            finish_all(main())

        return run_with_kernels

    async def fill(self, log: EventTransport, batches: Sequence[Sequence[Event]], generation: int = 1) -> None:
        for batch in batches:
            await log.append("t1", generation, batch)
