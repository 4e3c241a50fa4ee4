"""When a batch of events is due, and what is in it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.coalesce import Coalescer, merge
from nbchat.core.events import Event, Finish, ReasoningDelta, RequestSent, TextDelta, ToolCallDelta

FRAME = 1 / 30
events = st.lists(
    st.one_of(
        st.builds(TextDelta, st.text("ab", max_size=3)),
        st.builds(ReasoningDelta, st.text("cd", max_size=3)),
        st.builds(ToolCallDelta, st.integers(0, 1), arguments=st.text("ef", max_size=3)),
        st.just(RequestSent()),
        st.just(Finish("stop")),
    ),
    max_size=20,
)


def spelled(given_events: list[Event]) -> list[object]:
    """Events with every delta taken apart into letters: equal for two streams that say the same."""
    letters: list[object] = []
    for event in given_events:
        if isinstance(event, TextDelta | ReasoningDelta):
            letters += [type(event)(letter) for letter in event.text]
        else:
            letters.append(event)
    return letters


@given(events)
def test_merging_keeps_every_letter_and_the_order(given_events: list[Event]) -> None:
    """Neighbours of one kind become one, and no two neighbours of one kind are left."""
    merged = merge(given_events)
    assert spelled(merged) == spelled(given_events)
    for one, other in itertools.pairwise(merged):
        assert not (isinstance(one, TextDelta | ReasoningDelta) and type(one) is type(other))


@given(events)
def test_merging_twice_is_merging_once(given_events: list[Event]) -> None:
    """It leaves nothing to merge, and does not change what it was given."""
    before = list(given_events)
    assert merge(merge(given_events)) == merge(given_events)
    assert given_events == before


def test_there_is_no_batch_when_nothing_came() -> None:
    """No timer runs for an idle stream."""
    coalescer = Coalescer()
    assert coalescer.due_in(0.0) is None
    assert coalescer.take(0.0) == []
    assert coalescer.due_in(1.0) is None


def test_a_token_after_a_pause_is_due_at_once() -> None:
    """The leading edge: what comes alone is never delayed."""
    coalescer = Coalescer()
    coalescer.add(TextDelta("a"))
    assert coalescer.due_in(100.0) == 0.0
    coalescer.take(100.0)
    coalescer.add(TextDelta("b"))
    assert coalescer.due_in(100.0 + FRAME) == 0.0


def test_tokens_within_a_frame_wait_for_its_end() -> None:
    """At most one batch in a frame, of everything that came."""
    coalescer = Coalescer()
    coalescer.take(10.0)
    for letter in "abc":
        coalescer.add(TextDelta(letter))
    assert coalescer.due_in(10.0) == pytest.approx(FRAME)
    assert coalescer.due_in(10.0 + FRAME / 2) == pytest.approx(FRAME / 2)
    assert coalescer.take(10.0 + FRAME) == [TextDelta("abc")]


@pytest.mark.parametrize("event", [RequestSent(), Finish("stop")])
def test_a_boundary_is_due_at_once_with_what_waits_before_it(event: Event) -> None:
    """Ends are never delayed, and never overtake text."""
    coalescer = Coalescer()
    coalescer.take(10.0)
    coalescer.add(TextDelta("a"))
    coalescer.add(event)
    assert coalescer.due_in(10.0) == 0.0
    assert coalescer.take(10.0) == [TextDelta("a"), event]
    coalescer.add(TextDelta("b"))
    assert coalescer.due_in(10.0) == pytest.approx(FRAME)


@pytest.mark.parametrize("event", [TextDelta("x" * 1024), ReasoningDelta("x" * 1024), ToolCallDelta(0, arguments="x" * 1024)])
def test_a_kilobyte_does_not_wait_for_the_whole_frame(event: Event) -> None:
    """A fast answer leaves in pieces of bounded size."""
    coalescer = Coalescer()
    coalescer.take(10.0)
    coalescer.add(event)
    due = coalescer.due_in(10.0)
    assert due is not None
    assert due < FRAME / 2


@given(st.lists(st.tuples(st.floats(0, 0.05), st.text("ab", min_size=1, max_size=400)), max_size=40))
def test_batches_keep_their_distance_and_lose_nothing(arrivals: list[tuple[float, str]]) -> None:
    """Driven as a session drives it, with small deltas in any rhythm: all text, and no more than 1 batch in a quarter frame."""
    coalescer, now, due = Coalescer(), 0.0, None
    taken: list[tuple[float, list[Event]]] = []

    def run_until(moment: float) -> None:
        nonlocal due
        if due is not None and due <= moment:
            taken.append((due, coalescer.take(due)))
            due = None

    for pause, text in arrivals:
        run_until(now + pause)
        now += pause
        coalescer.add(TextDelta(text))
        wait = coalescer.due_in(now)
        assert wait is not None
        assert wait <= FRAME + 1e-9
        due = now + wait if due is None else min(due, now + wait)
    run_until(float("inf"))
    assert "".join(e.text for _, batch in taken for e in batch if isinstance(e, TextDelta)) == "".join(t for _, t in arrivals)
    assert all(later - earlier >= FRAME / 4 - 1e-9 for (earlier, _), (later, _) in itertools.pairwise(taken))
