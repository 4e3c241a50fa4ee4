"""Resume: a partial answer goes on where it was cut, in its own message, without a seam."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from nbchat.core.cost import Price
from nbchat.core.errors import UsageError
from nbchat.core.events import TurnStart
from nbchat.core.seam import CONTINUE_PROMPT
from nbchat.core.secrets import Secret
from nbchat.providers.making import make_provider
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.house import House, answer, eventually, live, play
from tests.support.resuming import opened, stopped

PRICE = Price(Decimal(1), Decimal(2))


def test_resume_continues_the_partial_in_its_own_message() -> None:
    """6.5: the same message, its text joined; the model is sent what it had said and told to go on."""
    gate = opened(2)

    async def test(house: House) -> None:
        session = await house.session()
        partial = await stopped(session, gate, "one two ")
        turn = session.resume()
        whole = await answer(turn)
        assert (whole.id, whole.text, whole.status, whole.finish_reason) == (partial.id, "one two three four", "complete", "stop")
        assert [m.id for m in session.path] == [partial.parent, partial.id]
        assert await house.store.messages(session.id) == list(session.path)
        rows = await house.store.records(session.id)
        assert [(row.purpose, row.status, row.message) for row in rows] == [
            ("answer", "stopped", partial.id),
            ("continuation", "complete", partial.id),
        ]
        assert whole.cost is not None
        assert whole.cost.amount == sum(row.cost.amount or 0 for row in rows) == session.state.cost.amount
        assert house.statuses() == ["submitted", "streaming", "idle", "submitted", "streaming", "idle"]

    server = live(test, Reply.text(tokens=["one ", "two ", "three"], gate=gate), Reply.text("three four"), price=PRICE)
    assert [(m["role"], m["content"]) for m in server.chats[1].json["messages"]] == [
        ("user", "count"),
        ("assistant", "one two "),
        ("user", CONTINUE_PROMPT),
    ]


def test_what_followed_a_resumed_answer_follows_it_again() -> None:
    """An earlier answer goes on, or is asked for again in its place: no later message leaves the conversation by that."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        await stopped(session, gate, "one ")
        await answer(session.submit("refused"))
        await answer(session.submit("later"))
        before = [m.id for m in session.path]
        assert (await answer(session.resume(before[1]))).text == "one two"
        assert [m.id for m in session.path] == before
        assert (await answer(session.resume(before[3]))).text == "this time"
        assert [m.id for m in session.path] == before
        assert (await house.store.get(session.id)).head == before[-1]  # type: ignore[union-attr]
        await answer(session.submit("last"))
        assert [m.id for m in session.path][:6] == before

    server = live(
        test,
        Reply.text(tokens=["one ", "x"], gate=gate),
        Reply.error(401),
        Reply.text("the end"),
        Reply.text("two"),
        Reply.text("this time"),
        Reply.text("indeed"),
    )
    sent = [m["content"] for m in server.chats[-1].json["messages"]]
    assert sent == ["count", "one two", "refused", "this time", "later", "the end", "last"]


def test_a_repetition_at_the_seam_is_dropped() -> None:
    """Models like to begin with what they had said last."""
    gate = opened(2)

    async def test(house: House) -> None:
        session = await house.session()
        await stopped(session, gate, "The capital of France is Par")
        assert (await answer(session.resume())).text == "The capital of France is Paris, of course."

    live(test, Reply.text(tokens=["The capital of France", " is Par", "is"], gate=gate), Reply.text("Paris, of course."))


def test_readers_of_a_resumed_answer_start_from_what_it_has() -> None:
    """Late, live and iterating readers get the whole text once; the log's fold and its checksum agree."""
    first, second = opened(1), Gate()

    async def test(house: House) -> None:
        session = await house.session()
        await stopped(session, first, "one ")
        turn = session.resume()
        told: list[str | None] = []
        before = turn.watch(told.append)
        second.release(1)
        await eventually(lambda: session.state.streaming_text == "one two ")
        late: list[str | None] = []
        seen = turn.watch(late.append)
        second.open()
        message = await answer(turn)
        assert before + "".join(each or "" for each in told) == message.text == "one two three"
        assert seen + "".join(each or "" for each in late) == message.text
        state = await house.ports.log.resume_state(turn.id)
        assert state is not None
        assert state.aggregated_content == message.parts
        entries = await house.ports.log.read(turn.id, turn.generation, 0)
        assert entries is not None
        start = entries[0].events[0]
        assert isinstance(start, TurnStart)
        assert [m.text for m in start.messages] == ["count", "one "]

    live(
        test,
        Reply.text(tokens=["one ", "two"], gate=first),
        Reply.text(tokens=["two ", "three"], gate=second),
    )


def test_an_answer_at_its_length_limit_can_go_on_and_a_whole_one_cannot() -> None:
    """finish_reason "length" is "Continue"; what is complete has nothing to go on with, and no request is made."""

    async def test(house: House) -> None:
        session = await house.session()
        assert (await answer(session.submit("count"))).finish_reason == "length"
        assert (await answer(session.resume())).text == "one two three"
        with pytest.raises(UsageError):
            session.resume()
        with pytest.raises(UsageError):
            session.resume("nobody")

    live(test, Reply.text("one two", finish_reason="length"), Reply.text(" three"))


def test_a_cut_answer_is_resumed_as_often_as_it_is_cut() -> None:
    """Each try keeps what came before it, and an error of an earlier try is gone."""

    async def test(house: House) -> None:
        session = await house.session()
        cut = await answer(session.submit("count"))
        assert (cut.status, cut.text) == ("interrupted", "one ")
        again = await answer(session.resume())
        assert (again.status, again.text) == ("interrupted", "one two ")
        refused = await answer(session.resume())
        assert (refused.status, refused.text, refused.error and refused.error.kind) == ("error", "one two ", "auth")
        whole = await answer(session.resume())
        assert (whole.status, whole.text, whole.error) == ("complete", "one two three", None)
        assert len({cut.id, again.id, refused.id, whole.id}) == 1
        assert len(await house.store.records(session.id)) == 4

    live(
        test,
        Reply.text(tokens=["one "], finish_reason="", done=False),
        Reply.text(tokens=["two "], finish_reason="", done=False),
        Reply.error(401),
        Reply.text("three"),
    )


def test_nothing_had_come_is_asked_for_again_without_a_word_about_it() -> None:
    """A retry of an empty answer is the same request as the first one."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hi"))
        assert (await answer(session.resume())).text == "fine"
        assert [row.purpose for row in await house.store.records(session.id)] == ["answer", "answer"]

    server = live(test, Reply.error(401), Reply.text("fine"))
    assert server.chats[0].json["messages"] == server.chats[1].json["messages"]


def test_stop_of_a_resumed_answer_keeps_both_halves() -> None:
    """G2 again: one exit, whatever the turn began with."""
    first, second = opened(1), opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        await stopped(session, first, "one ")
        turn = session.resume()
        await eventually(lambda: turn.content.text == "one two ")
        await asyncio.wait_for(session.stop(), 30)
        assert (turn.answer and turn.answer.text, turn.answer and turn.answer.status) == ("one two ", "stopped")
        assert session.state.status == "idle"

    server = live(test, Reply.text(tokens=["one ", "x"], gate=first), Reply.text(tokens=["two ", "y"], gate=second))
    assert server.open_streams == 0


def prefilling(house: House, server_key: str | None, base_url: str) -> None:
    """Let the provider be one that goes on with a partial answer."""
    lab, secret = make_provider("lab", base_url=base_url, preset="llamacpp", api_key=Secret(server_key or ""))
    house.registry.add(lab, secret)


def test_a_provider_that_takes_a_partial_answer_is_given_it() -> None:
    """No words about it: the last message is the partial, without the blank at its end, which comes once."""
    gate = opened(2)

    async def test(house: House) -> None:
        prefilling(house, server.api_key, server.base_url)
        session = await house.session()
        await stopped(session, gate, "one two ")
        assert (await answer(session.resume())).text == "one two three"

    with ScriptedServer([Reply.text(tokens=["one ", "two ", "x"], gate=gate), Reply.text(" three")]) as server:
        play(test, server)
        sent = server.chats[1].json["messages"]
        assert [(m["role"], m["content"]) for m in sent] == [("user", "count"), ("assistant", "one two")]


def test_a_server_that_refuses_a_partial_answer_is_asked_in_words() -> None:
    """Some models of such a provider do not take it: the refusal is settled, costs nothing, and is not the end."""
    gate = opened(1)

    async def test(house: House) -> None:
        prefilling(house, server.api_key, server.base_url)
        session = await house.session()
        await stopped(session, gate, "one ")
        message = await answer(session.resume())
        assert (message.text, message.status, message.error) == ("one two", "complete", None)
        rows = await house.store.records(session.id)
        assert [(row.purpose, row.status) for row in rows] == [
            ("answer", "stopped"),
            ("continuation", "error"),
            ("continuation", "complete"),
        ]
        assert rows[1].cost.amount == 0

    refusal = Reply.error(400, "Assistant response prefill is incompatible with enable_thinking.")
    with ScriptedServer([Reply.text(tokens=["one ", "x"], gate=gate), refusal, Reply.text("two")]) as server:
        play(test, server)
        assert server.chats[2].json["messages"][-1]["content"] == CONTINUE_PROMPT


def test_what_is_hidden_from_the_model_is_not_asked_about() -> None:
    """The model would be told to go on with an answer, or to answer a question, that it is not shown: no request is made."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        partial = await stopped(session, gate, "one ")
        await session.hide(partial.id)
        refused = await answer(session.resume())
        assert refused.error is not None
        assert "hidden" in refused.error.text
        assert partial.parent is not None
        await session.hide(partial.parent)
        for turn in (session.resume(), session.regenerate()):
            assert (await answer(turn)).status == "error"
        await session.hide(partial.parent, False)
        assert (await answer(session.regenerate())).text == "two"

    server = live(test, Reply.text(tokens=["one ", "x"], gate=gate), Reply.text("two"))
    assert [[m["content"] for m in chat.json["messages"]] for chat in server.chats] == [["count"], ["count"]]


def test_the_rest_is_made_as_the_beginning_was() -> None:
    """A turn's own model and parameters are those of its continuation too."""
    gate = opened(1)

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_parameters({"temperature": 0.5})
        turn = session.submit("count", model="lab/other", parameters={"temperature": None, "seed": 7})
        await eventually(lambda: turn.content.text == "one ")
        await session.stop()
        whole = await answer(session.resume())
        assert (whole.text, whole.model, whole.parameters) == ("one two", "lab/other", {"seed": 7})

    server = live(test, Reply.text(tokens=["one ", "x"], gate=gate), Reply.text("two"))
    for chat in server.chats:
        assert (chat.json["model"], chat.json.get("temperature"), chat.json["seed"]) == ("other", None, 7)
