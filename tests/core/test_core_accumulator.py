"""The fold from events to the parts of an answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.coalesce import merge
from nbchat.core.events import (
    Event,
    Finish,
    Loading,
    ModelNamed,
    ReasoningDelta,
    RequestSent,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    UsageReport,
    Waiting,
)
from nbchat.core.messages import ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.core.usage import Usage
from tests.support.folding import WholeFold

pieces = st.text("ab ", max_size=3)
events = st.lists(
    st.one_of(
        st.builds(TextDelta, pieces),
        st.builds(ReasoningDelta, pieces),
        st.builds(ToolCallDelta, st.integers(0, 2), st.sampled_from(["", "id"]), st.sampled_from(["", "f"]), pieces),
        st.builds(UsageReport, st.builds(Usage, st.integers(0, 9))),
        st.builds(Finish, st.sampled_from(["stop", "length", None])),
        st.builds(ModelNamed, st.sampled_from(["m", "n"])),
        st.just(RequestSent()),
        st.just(Waiting(3.0)),
        st.just(Loading("Loading the model")),
    ),
    max_size=20,
)


def folded(given_events: list[Event]) -> WholeFold:
    turn = WholeFold()
    for event in given_events:
        turn.apply(event)
    return turn


@given(events)
def test_no_text_is_lost_or_added(given_events: list[Event]) -> None:
    """Text, reasoning and arguments are what came, in order; `characters` counts all of them."""
    turn = folded(given_events)
    text = "".join(e.text for e in given_events if isinstance(e, TextDelta))
    thought = "".join(e.text for e in given_events if isinstance(e, ReasoningDelta))
    assert turn.text == text
    assert "".join(part.text for part in turn.parts if isinstance(part, ReasoningPart)) == thought
    for index in range(3):
        arguments = "".join(e.arguments for e in given_events if isinstance(e, ToolCallDelta) and e.index == index)
        calls = [e for e in given_events if isinstance(e, ToolCallDelta) and e.index == index]
        assert not calls or arguments in [part.arguments for part in turn.parts if isinstance(part, ToolCallPart)]
    sizes = [
        len(e.arguments if isinstance(e, ToolCallDelta) else e.text)
        for e in given_events
        if isinstance(e, TextDelta | ReasoningDelta | ToolCallDelta)
    ]
    assert turn.characters == sum(sizes)


@given(events)
def test_coalescing_changes_nothing_in_the_answer(given_events: list[Event]) -> None:
    """Merged deltas fold to the same parts, usage, finish and model."""
    plain, merged = folded(given_events), folded(merge(given_events))
    assert plain.parts == merged.parts
    assert (plain.report, plain.finish, plain.model) == (merged.report, merged.finish, merged.model)


@given(events, st.integers(0, 20))
def test_a_fold_that_goes_on_from_kept_parts_has_the_same_text(given_events: list[Event], cut: int) -> None:
    """A resumed answer begins with its partial's parts; joined, there is no seam."""
    first = folded(given_events[:cut])
    second = TurnAccumulator(first.parts)
    for event in given_events[cut:]:
        second.apply(event)
    whole = folded(given_events)
    assert second.text == whole.text
    if not any(isinstance(event, ToolCallDelta) for event in given_events[cut:]):  # a call does not go on in a later request
        assert second.parts == whole.parts


def test_parts_follow_each_other_as_they_came() -> None:
    """Reasoning, text, two interleaved calls, text again: five parts, the calls at the place of their first fragment."""
    turn = folded(
        [
            ReasoningDelta("h"), ReasoningDelta("m"), TextDelta("a"), ToolCallDelta(0, "c1", "f", "{"),
            ToolCallDelta(1, "c2", "g", "["), ToolCallDelta(0, arguments="}"), ToolCallDelta(1, arguments="]"), TextDelta("b"),
        ]
    )  # fmt: skip
    assert turn.parts == (
        ReasoningPart("hm"),
        TextPart("a"),
        ToolCallPart("c1", "f", "{}"),
        ToolCallPart("c2", "g", "[]"),
        TextPart("b"),
    )
    assert turn.text == "ab"


def test_the_last_model_wins() -> None:
    """A gateway may say first what was asked for, and then what answers."""
    assert folded([ModelNamed("a"), ModelNamed("b"), Finish("stop")]).model == "b"


def test_results_are_parts_of_their_own() -> None:
    """With what became of the call: its result, its failure, or that nobody allowed it."""
    given_results = [ToolResult("a", "1"), ToolResult("b", "no", error=True), ToolResult("c", "not run", error=True, denied=True)]
    assert folded([*given_results]).parts == (
        ToolResultPart("a", "1"),
        ToolResultPart("b", "no", error=True),
        ToolResultPart("c", "not run", error=True, denied=True),
    )


def test_empty_deltas_make_no_parts() -> None:
    """Providers open streams with an empty content; that is no text."""
    assert folded([TextDelta(""), ReasoningDelta("")]).parts == ()


def test_what_was_read_does_not_change_when_more_comes() -> None:
    """Parts are values; a snapshot taken in mid-stream stays what it was."""
    turn = folded([TextDelta("a")])
    before = turn.parts
    turn.apply(TextDelta("b"))
    assert (before, turn.parts) == ((TextPart("a"),), (TextPart("ab"),))
