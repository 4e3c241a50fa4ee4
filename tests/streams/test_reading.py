"""Whatever position a reader has, the log brings it to the same content."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from nbchat.streams import memory_log
from nbchat.streams.memory_log import MemoryEventTransport
from tests.contracts.values import finish_all

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(TextDelta, st.text(max_size=8)),
    st.builds(ReasoningDelta, st.text(max_size=8)),
    st.builds(ToolCallDelta, st.integers(0, 2), st.text(max_size=2), st.text(max_size=2), st.text(max_size=8)),
)


@settings(deadline=None)
@given(st.lists(st.lists(EVENTS, min_size=1, max_size=4), min_size=1, max_size=12), st.integers(1, 6))
def test_any_position_leads_to_the_same_content(batches: list[list[Event]], max_entries: int) -> None:
    """Content at a position, and what follows it, give the log's content; where the tail is too short, the log says so."""

    async def work() -> None:
        log = MemoryEventTransport(max_entries=max_entries)
        contents = [TurnAccumulator().parts]
        mine = TurnAccumulator()
        for batch in batches:
            await log.append("t", 1, batch)
            for event in batch:
                mine.apply(event)
            contents.append(mine.parts)
        state = await log.resume_state("t")
        assert state is not None
        assert (state.aggregated_content, state.last_seq) == (contents[-1], len(batches))
        for position in range(len(batches) + 1):
            entries = await log.read("t", 1, position)
            if len(batches) - position > max_entries:
                assert entries is None
                continue
            assert entries is not None
            reader = TurnAccumulator()
            for event in (event for batch in batches[:position] for event in batch):
                reader.apply(event)
            for entry in entries:
                for event in entry.events:
                    reader.apply(event)
            assert reader.parts == contents[-1]

    finish_all(work())


def test_many_logs_have_short_tails() -> None:
    """All tails together are bounded, and each still leads a reader that keeps up from its position to the end."""
    logs, batches = 1100, 40

    async def work() -> None:
        log = MemoryEventTransport(max_logs=2000)
        for number in range(batches):
            for stream in range(logs):
                await log.append(f"t{stream}", 1, [TextDelta(f"{number} ")])
        entries = await log.read("t7", 1, batches - memory_log._FEWEST_ENTRIES)
        assert entries is not None
        assert [entry.seq for entry in entries] == list(range(batches - memory_log._FEWEST_ENTRIES + 1, batches + 1))
        assert await log.read("t7", 1, batches - memory_log._FEWEST_ENTRIES - 1) is None
        state = await log.resume_state("t7")
        assert state is not None
        assert state.last_seq == batches

    finish_all(work())


@pytest.mark.alone
def test_appending_does_not_depend_on_the_length() -> None:
    """The last appends of a long answer cost what the first did: twice as much CPU is allowed for noise, a cost that grew
    with the answer would show twentyfold."""

    async def work() -> float:
        log = MemoryEventTransport()
        event = TextDelta("some words of text ")
        costs = []
        for _ in range(20):
            began = time.process_time()
            for _ in range(2000):
                await log.append("t", 1, [event])
            costs.append(time.process_time() - began)
        return min(costs[-8:]) / min(costs[1:9])

    assert min(finish_all(work()) for _ in range(3)) < 2
