"""A conversation that does not fit: refused with numbers, or sent without its oldest turns, never silently."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.errors import ChatError
from nbchat.core.messages import Message, TextPart
from nbchat.sessions.context import first_sent, left_out_before, room_for, shortened
from nbchat.sessions.session import Session
from nbchat.testing import Reply, Request
from tests.support.house import House, answer, live


def chain(*lengths: int) -> list[Message]:
    """Turns of question and answer, each so many tokens long; at the end a question."""
    path = [
        Message(f"{role[0]}{n}", role, (TextPart("x" * length),))
        for n, length in enumerate(lengths)
        for role in ("user", "assistant")
    ]
    return [*path, Message("last", "user", (TextPart("x"),))]


def counted(path: list[Message]) -> Any:
    return lambda start: sum(len(message.text) for message in path[start:])


def test_what_fits_is_sent_whole() -> None:
    """Also what fits exactly, and what nobody knows the room of."""
    path = chain(10, 10)
    for room in (41, 1_000, None):
        assert first_sent(path, counted(path), room, drop=True) == 0
        assert first_sent(path, counted(path), room, drop=False) == 0


def test_what_does_not_fit_is_refused_with_the_numbers() -> None:
    path = chain(1_000, 1_000)
    with pytest.raises(ChatError, match=r"about 4,001 tokens would be sent, and it takes 4,000") as raised:
        first_sent(path, counted(path), 4_000, drop=False, before=2)
    assert raised.value.kind == "context_length"
    assert "when_full" in raised.value.hint


def test_what_is_too_long_without_any_history_says_so() -> None:
    """A long system prompt as much as a long question; and where max_tokens leaves no room at all, that is what is said."""
    path = chain(10, 10)
    with pytest.raises(
        ChatError, match="also without the history: about 501 tokens of question, system prompt and tools"
    ) as raised:
        first_sent(path, lambda start: counted(path)(start) + 500, 400, drop=True)
    assert "system prompt" in raised.value.hint
    for drop in (True, False):
        with pytest.raises(ChatError, match="max_tokens keeps as many tokens") as raised:
            first_sent(path, counted(path), 0, drop=drop)
        assert "Make max_tokens smaller" in raised.value.hint


def test_turns_are_left_out_in_blocks_so_that_the_beginning_stays_for_some_turns() -> None:
    """Down to 60 % of the room; then the same beginning is sent until it is full again: prompt caches hit."""
    starts, before, path = [], 0, chain(10)
    for turns in range(1, 21):
        path = chain(*[10] * turns)
        before = first_sent(path, counted(path), 100, drop=True, before=before)
        starts.append(before)
        assert path[before].role == "user"
        assert counted(path)(before) <= 100
    assert len(set(starts)) <= 8
    assert starts[:4] == [0, 0, 0, 0]
    assert starts == sorted(starts)


def test_a_question_that_is_too_long_alone_is_refused_in_any_case() -> None:
    path = [*chain(10)[:-1], Message("last", "user", (TextPart("x" * 200),))]
    with pytest.raises(ChatError, match="Too long for the model also without the history: about 200 tokens") as raised:
        first_sent(path, counted(path), 100, drop=True)
    assert raised.value.kind == "context_length"


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(30, 400), st.integers(0, 30))
def test_what_is_sent_begins_with_a_question_and_fits(lengths: list[int], room: int, before: int) -> None:
    """Whatever was left out the last time; the last turn is always sent."""
    path = chain(*lengths)
    start = first_sent(path, counted(path), room, drop=True, before=before)
    assert path[start].role == "user"
    assert counted(path)(start) <= room
    assert start <= len(path) - 1


def test_what_the_provider_found_too_long_is_halved() -> None:
    """Until the last turn alone is left."""
    path, start, seen = chain(10, 10, 10, 10), 0, []
    while (shorter := shortened(path, counted(path), start)) is not None:
        start = shorter
        seen.append(start)
    assert seen == [6, 8]


def test_the_answers_own_length_is_kept_free() -> None:
    assert room_for(100, {"max_tokens": 30}.get) == 70
    assert room_for(100, {"max_completion_tokens": 40, "max_tokens": 30}.get) == 60
    assert room_for(100, {"max_tokens": None}.get) == 100
    assert room_for(None, {"max_tokens": 30}.get) is None


def test_the_last_answer_of_this_model_says_what_was_left_out() -> None:
    """Another model may take more; an answer to which nothing came says nothing."""
    path = [
        Message("a1", "assistant", (TextPart("x"),), model="lab/tiny", omitted=4),
        Message("a2", "assistant", (TextPart("x"),), model="lab/big"),
        Message("a3", "assistant", (), model="lab/tiny"),
    ]
    assert left_out_before(path, "lab/tiny") == 4
    assert left_out_before(path, "lab/big") == 0


# ---------------------------------------------------------------- over HTTP


async def length_of_100(_provider: str, _model: str) -> int:
    return 100


def sized(request: Request) -> Reply:
    """An answer of 20 tokens whose request is reported as a token for four characters."""
    sent = sum(len(message["content"]) for message in request.messages)
    return Reply.text("y" * 80, usage={"prompt_tokens": sent // 4, "completion_tokens": 20})


async def filled(house: House) -> Session:
    """A session in which 80 of 100 tokens are taken."""
    session = await house.session()
    for name in "ab":
        assert (await answer(session.submit(name * 80))).status == "complete"
    return session


def test_a_full_conversation_is_refused_before_sending_and_goes_on_when_the_oldest_are_dropped() -> None:
    """The question is kept; the choice is the person's; the answer says how many messages it was not sent."""

    async def test(house: House) -> None:
        session = await filled(house)
        await session.set_system("s" * 40)
        refused = await answer(session.submit("c" * 80))
        assert refused.error is not None
        assert refused.error.kind == "context_length"
        assert "about 110 tokens would be sent, and it takes 100" in refused.error.text
        assert len(await house.store.records()) == 2
        await session.set_when_full("drop")
        message = await answer(session.resume())
        assert (message.id, message.status, message.omitted) == (refused.id, "complete", 4)
        assert (await house.store.messages(session.id))[-1].omitted == 4
        assert (await answer(session.submit("d" * 40))).omitted == 4

    server = live(test, *[sized] * 4, context_length=length_of_100)  # type: ignore[arg-type]
    assert [[message["content"][:1] for message in chat.messages] for chat in server.chats] == [
        ["a"],
        ["a", "y", "b"],
        ["s", "c"],
        ["s", "c", "y", "d"],
    ]


def test_when_the_provider_says_that_it_is_too_long_less_is_sent_if_one_may() -> None:
    """Nobody knew the length: with "refuse" its error stands, with "drop" half is left out, and said."""

    async def test(house: House) -> None:
        session = await filled(house)
        refused = await answer(session.submit("c" * 40))
        assert refused.error is not None
        assert refused.error.kind == "context_length"
        await session.set_when_full("drop")
        message = await answer(session.resume())
        assert (message.status, message.omitted) == ("complete", 4)
        rows = await house.store.records()
        assert [row.status for row in rows] == ["complete", "complete", "error", "error", "complete"]
        assert [row.cost.amount for row in rows if row.status == "error"] == [0, 0]

    too_long = Reply.error(400, "This model's maximum context length is 50 tokens.", code="context_length_exceeded")
    server = live(test, sized, sized, too_long, too_long, sized)  # type: ignore[arg-type]
    assert [len(chat.messages) for chat in server.chats] == [1, 3, 5, 5, 1]


def test_the_provider_has_the_last_word_on_a_single_question() -> None:
    """There is nothing to leave out."""

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_when_full("drop")
        message = await answer(session.submit("a" * 400))
        assert message.error is not None
        assert (message.error.kind, message.omitted) == ("context_length", 0)

    too_long = Reply.error(400, "Too long.", code="context_length_exceeded")
    assert len(live(test, too_long).chats) == 1
