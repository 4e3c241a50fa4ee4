"""What one process keeps in memory is bounded in time, for turns of other kernels too, whose logs have no job here."""

from __future__ import annotations

from nbchat.core.events import TextDelta
from nbchat.sessions.ports.streams import INACTIVE_SECONDS
from nbchat.streams.backends import memory_streams
from tests.contracts.streams_base import END, START
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock


def test_followed_turns_are_forgotten() -> None:
    """Ended ones and those that were left in the middle, with their readers; one that still grows stays."""

    async def work() -> None:
        clock = ManualClock()
        _, log = memory_streams(clock, "me")
        for stream_id in ("ended", "left", "grows"):
            await log.append(stream_id, 1, [START])
            log.subscribe(stream_id, on_chunk=lambda entry: None).unsubscribe()
        await log.append("ended", 1, [END])
        await clock.advance(INACTIVE_SECONDS / 2)
        await log.append("grows", 1, [TextDelta("a")])
        await clock.advance(INACTIVE_SECONDS / 2)
        await log.append("another", 1, [START])
        assert {*log._logs} == {"grows", "another"}
        assert {*log._readers} == {"grows"}

    finish_all(work())
