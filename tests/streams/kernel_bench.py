"""A kernel on streams that it shares, for tests: it speaks, and what arrives is compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nbchat.core.events import TextDelta
from nbchat.core.messages import TextPart
from nbchat.sessions.ports import Job, ResumeState
from nbchat.streams.joining import Streams
from tests.contracts.streams_base import END, START
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock
from tests.support.shared import SharedStreams

__all__ = ["Bench", "a_job", "on"]


def a_job(stream_id: str = "t1") -> Job:
    return Job(stream_id, "me", "c1", 1)


class Bench:
    """One kernel, "a", on shared streams."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.shared = SharedStreams(self.clock)
        self.kernel: Streams = self.shared.kernel("a")
        self.text = ""

    async def begin(self) -> None:
        await self.kernel.jobs.create_job(a_job())
        await self.kernel.log.append("t1", 1, [START])

    async def say(self, *texts: str) -> None:
        for text in texts:
            self.text += text
            await self.kernel.log.append("t1", 1, [TextDelta(text)])

    async def end(self) -> None:
        await self.kernel.log.append("t1", 1, [END])
        await self.kernel.jobs.update_job("t1", 1, status="complete", final_event=END)

    async def there(self) -> ResumeState:
        state = await self.shared.log.resume_state("t1")
        assert state is not None
        return state

    async def same(self) -> None:
        """The backend has what was said, once."""
        state = await self.there()
        assert state.aggregated_content == ((TextPart(self.text),) if self.text else ())


def on(work: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        bench = Bench()
        try:
            await work(bench)
        finally:
            bench.shared.silent = bench.shared.away = False
            await bench.kernel.close()

    finish_all(main())
