"""What a provider is sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.messages import FilePart, ImagePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.sessions.history import history_for

QUESTION = Message("q", "user", (TextPart("hi"),))


def text(words: str) -> TextPart:
    return TextPart(words)


def call(id: str = "c", arguments: str = "{}") -> ToolCallPart:
    return ToolCallPart(id, "f", arguments)


def gave(id: str = "c", words: str = "4", error: bool = False) -> ToolResultPart:
    return ToolResultPart(id, words, error)


def answer(*parts: Part, id: str = "a", **more: Any) -> Message:
    return Message(id, "assistant", parts, **more)


def shape(messages: Sequence[Message]) -> list[tuple[str, list[str]]]:
    """Each message's role, and its parts: texts as they are, calls as name and id, results as id and text."""

    def say(part: Part) -> str:
        if isinstance(part, ToolCallPart):
            return f"call {part.id}"
        return f"{part.call_id} gave {part.text}" if isinstance(part, ToolResultPart) else getattr(part, "text", part.type)

    return [(message.role, [say(part) for part in message.parts]) for message in messages]


def test_the_system_prompt_comes_first_and_an_empty_one_not_at_all() -> None:
    """A byte-stable beginning, so that prompt caches hit."""
    assert [m.role for m in history_for([QUESTION], "be brief")] == ["system", "user"]
    assert [m.role for m in history_for([QUESTION], "")] == ["user"]
    assert [m.role for m in history_for([QUESTION], " \n")] == ["user"]


def test_a_stopped_answer_goes_as_its_text_without_a_marker() -> None:
    """G14: how an answer ended is a field, never text that goes back to the model."""
    stopped = answer(text("half an ans"), status="stopped")
    assert history_for([stopped], None)[0].text == "half an ans"


def test_what_no_provider_takes_stays_behind() -> None:
    """G15: reasoning, tool calls without results and empty answers never poison the next request."""
    path = [
        Message("q", "user", (TextPart("look"), ImagePart("data:image/png;base64,AA=="))),
        answer(ReasoningPart("hmm"), status="error"),
        answer(text(""), call("1"), status="stopped", id="b"),
        answer(ReasoningPart("hmm"), text("yes"), call("2"), id="c"),
    ]
    sent = history_for(path, None)
    assert [(m.id, [part.type for part in m.parts]) for m in sent] == [("q", ["text", "image"]), ("c", ["text"])]


def test_tool_rounds_of_one_answer_become_messages_in_the_order_of_the_wire() -> None:
    """Text with its calls, one message with their results in the calls' order, and so on."""
    path = [
        QUESTION,
        answer(
            text("let me see"), call("1"), call("2"), gave("2", "two"), gave("1", "one"),
            ReasoningPart("hm"), call("3"), gave("3", "three"), text("so it is"),
        ),
    ]  # fmt: skip
    assert shape(history_for(path, None)) == [
        ("user", ["hi"]),
        ("assistant", ["let me see", "call 1", "call 2"]),
        ("tool", ["1 gave one", "2 gave two"]),
        ("assistant", ["call 3"]),
        ("tool", ["3 gave three"]),
        ("assistant", ["so it is"]),
    ]


def test_calls_without_results_and_results_without_calls_are_dropped() -> None:
    """A crash between call and result, or an edited answer; what was answered goes out."""
    path = [QUESTION, answer(gave("0"), text("a"), call("1"), call("2"), gave("2", "two"), gave("9"), text("b"), call("3"))]
    assert shape(history_for(path, None))[1:] == [
        ("assistant", ["a", "call 2"]),
        ("tool", ["2 gave two"]),
        ("assistant", ["b"]),
    ]


def test_call_ids_are_unique_however_providers_number() -> None:
    """Each round may begin again with call_1, or give one id to two calls, or none; each call has its own result."""
    path = [
        QUESTION,
        answer(call("1"), gave("1", "one"), call("1"), call("1"), gave("1", "two"), gave("1", "three")),
        answer(call(""), gave("", "four"), id="b"),
    ]
    assert shape(history_for(path, None))[1:] == [
        ("assistant", ["call 1"]),
        ("tool", ["1 gave one"]),
        ("assistant", ["call 1-2", "call 1-3"]),
        ("tool", ["1-2 gave two", "1-3 gave three"]),
        ("assistant", ["call call-2"]),
        ("tool", ["call-2 gave four"]),
    ]


def test_an_empty_result_says_so() -> None:
    """Servers refuse messages without content."""
    assert shape(history_for([answer(call(), gave(words=" "))], None))[1] == ("tool", ["c gave (no output)"])


def test_hidden_and_deleted_messages_stay_behind() -> None:
    """With everything that is theirs; a question that is left alone stays."""
    path = [
        QUESTION,
        answer(text("no"), hidden=True),
        replace(QUESTION, id="q2", parts=(text("again"),)),
        answer(text("no"), deleted=True, id="b"),
        replace(QUESTION, id="q3", hidden=True),
    ]
    assert shape(history_for(path, None)) == [("user", ["hi"]), ("user", ["again"])]


def test_messages_of_role_tool_from_elsewhere_are_taken_in() -> None:
    """An imported conversation has them apart; without their call, or hidden, they are dropped."""
    path = [
        answer(call("1"), call("2")),
        Message("t", "tool", (gave("2", "two"), gave("7"))),
        Message("u", "tool", (gave("1", "one"),), hidden=True),
        QUESTION,
        Message("v", "tool", (gave("1", "late"),)),
    ]
    assert shape(history_for(path, None)) == [
        ("assistant", ["call 2"]),
        ("tool", ["2 gave two"]),
        ("user", ["hi"]),
    ]


def test_an_answer_goes_on_from_where_it_broke_off() -> None:
    """After text there is text to go on with; after a tool round, or nothing, the model is asked as ever."""

    def sent(*parts: Part) -> tuple[Message, ...]:
        return history_for([QUESTION, answer(*parts)], None)

    assert shape(sent(text("a"), call(), gave(), text("half an"))) == [
        ("user", ["hi"]),
        ("assistant", ["a", "call c"]),
        ("tool", ["c gave 4"]),
        ("assistant", ["half an"]),
    ]
    assert sent(text("a"), call(), gave(), call("lost"))[-1].role == "tool"
    assert sent(ReasoningPart("hm")) == history_for([QUESTION], None)


# ---------------------------------------------------------------- properties

IDS = st.sampled_from(["", "1", "1-2", "2", "call-2"])
WORDS = st.sampled_from(["", " ", "\n", "word", "two words"])
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, WORDS),
    st.builds(ReasoningPart, WORDS),
    st.builds(ToolCallPart, IDS, st.just("f"), st.sampled_from(["{}", "{"])),
    st.builds(ToolResultPart, IDS, WORDS, st.booleans()),
    st.builds(ImagePart, st.just("data:,")),
    st.builds(FilePart, st.just("a.txt"), st.sampled_from(["", "text"])),
)
MESSAGES = st.builds(
    Message,
    st.just("m"),
    st.sampled_from(["user", "assistant", "assistant", "tool", "system"]),
    st.lists(PARTS, max_size=8).map(tuple),
    hidden=st.sampled_from([False, False, False, True]),
    deleted=st.sampled_from([False, False, False, True]),
)
PATHS = st.lists(MESSAGES, max_size=8)


def check(messages: Sequence[Message]) -> None:
    """The rules of chat completions, as OpenAI's API words its refusals."""
    due: list[str] = []
    seen: set[str] = set()
    for message in messages:
        kinds = {part.type for part in message.parts}
        if message.role == "tool":
            assert kinds == {"tool-result"}
            for part in message.parts:
                assert isinstance(part, ToolResultPart)
                assert due.pop(0) == part.call_id, "a result that does not answer the call before it"
                assert part.text.strip()
            continue
        assert not due, "a call was not answered directly"
        assert message.role in ("system", "user", "assistant")
        legal = {"assistant": {"text", "tool-call"}, "user": {"text", "image", "file"}, "system": {"text"}}
        assert kinds <= legal[message.role]
        due = [part.id for part in message.parts if isinstance(part, ToolCallPart)]
        assert all(due)
        assert not seen & set(due)
        assert max(Counter(due).values(), default=0) <= 1
        seen.update(due)
        assert due or message.text.strip() or kinds & {"image", "file"}, "nothing in it"
    assert not due, "a call without a result at the end"


@given(PATHS, st.sampled_from([None, "", "be brief"]))
def test_whatever_a_path_holds_the_history_is_valid(path: list[Message], system: str | None) -> None:
    """G15, for messages that no program of ours would write as well."""
    check(history_for(path, system))


@given(PATHS)
def test_nothing_that_can_be_sent_is_lost(path: list[Message]) -> None:
    """Every visible text of people and models goes out, in order, and every result that answers a call."""
    wanted = [
        part.text
        for message in path
        if message.role in ("user", "assistant") and not (message.hidden or message.deleted)
        for part in message.parts
        if isinstance(part, TextPart) and part.text.strip()
    ]
    found = [p.text for m in history_for(path, None) if m.role != "system" for p in m.parts if isinstance(p, TextPart)]
    assert [each for each in found if each.strip()] == wanted


@given(PATHS, MESSAGES.filter(lambda message: message.role != "tool"), st.lists(MESSAGES, max_size=2))
def test_the_beginning_is_stable(path: list[Message], question: Message, later: list[Message]) -> None:
    """L25: what was sent in one turn is, byte for byte, how the next turn's request begins."""

    def wire(messages: Sequence[Message]) -> str:
        return json.dumps([message.to_json() for message in messages])[:-1]

    before = history_for(path, "be brief")
    assert wire(history_for([*path, question, *later], "be brief")).startswith(wire(before))
