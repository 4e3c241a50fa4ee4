"""What a backend keeps of jobs and events comes back as it was, and folds to the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.events import Event, ModelNamed, ReasoningDelta, RequestSent, Retry, TextDelta, ToolCallDelta, ToolResult
from nbchat.sessions.ports import Job, UserMessage
from nbchat.streams.codec import dump_events, dump_job, joined, load_events, load_job
from tests.contracts.streams_base import END, START

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
EVENTS: st.SearchStrategy[list[Event]] = st.lists(
    st.one_of(
        st.builds(TextDelta, TEXT),
        st.builds(ReasoningDelta, TEXT),
        st.builds(ToolCallDelta, st.integers(0, 2), TEXT, TEXT, TEXT),
        st.builds(ToolCallDelta, st.integers(0, 1), st.just(""), st.just(""), TEXT),
        st.builds(ToolResult, TEXT, TEXT),
        st.builds(ModelNamed, TEXT),
        st.just(RequestSent()),
        st.just(Retry(2, 0.5, "503")),
    ),
    max_size=30,
)


def fold(events: list[Event]) -> tuple[object, ...]:
    content = TurnAccumulator()
    for event in events:
        content.apply(event)
    return (*content.parts, content.model)


@given(EVENTS)
def test_batches(events: list[Event]) -> None:
    """A batch comes back as it was."""
    assert load_events(dump_events(events)) == tuple(events)


@given(EVENTS)
def test_joined(events: list[Event]) -> None:
    """Joined events fold to the same; joining again changes nothing."""
    once = joined(events)
    assert fold(once) == fold(events)
    assert joined(once) == once
    assert joined(joined(events[:10]) + events[10:]) == once


def test_joined_text_is_one_event() -> None:
    """However many pieces a text came in, one is kept; start and end stay."""
    events: list[Event] = [START, *[TextDelta("a")] * 100, Retry(2, 1.0, "x"), *[TextDelta("b")] * 100, END]
    assert joined(events) == [START, TextDelta("a" * 100 + "b" * 100), END]


def test_jobs() -> None:
    """A job comes back as it was, but for what is found only when it is read."""
    bare = Job("t1", "me", "c1", 3)
    full = Job(
        "t1", "me", "c1", 3, "error", 1.5, 2.5, "cut", UserMessage("u", None, "c1", "hi"), "a", "lab/x", END, "k", "n", True
    )
    for job in (bare, full, Job("t1", "me", "c1", 3, user_message=UserMessage("u"))):
        assert load_job(dump_job(job)) == job
    assert not load_job(dump_job(Job("t1", "me", "c1", 3, interrupted=True))).interrupted
    assert load_job(dump_job(bare)[:-1] + ', "later": 1}') == bare
    assert load_job(dump_job(full).replace('"message_id"', '"later":1,"message_id"')) == full


def test_half_an_emoji() -> None:
    """A lone surrogate has no form in UTF-8: it is replaced, not refused."""
    (event,) = load_events(dump_events([TextDelta("a\ud83d")]))
    assert event == TextDelta("a\ufffd")
