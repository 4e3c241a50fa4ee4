"""Turns end to end: sessions, storage, streams and a real provider over HTTP."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from nbchat.core.cost import Price
from nbchat.core.errors import BusyError, ConfigError, UsageError
from nbchat.core.events import TurnEnd, TurnError
from nbchat.sessions.turn import Turn
from nbchat.testing import Gate, Reply
from tests.support.house import House, answer, eventually, live


def test_a_question_is_answered_saved_and_settled() -> None:
    """The whole way of a turn: statuses in order, both messages saved, one ledger row, the job complete."""

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        message = await answer(turn)
        assert (message.text, message.status, message.finish_reason) == ("Hello there.", "complete", "stop")
        assert house.statuses() == ["submitted", "streaming", "idle"]
        saved = await house.store.messages(session.id)
        assert [(m.role, m.text, m.status) for m in saved] == [
            ("user", "hi", "complete"),
            ("assistant", "Hello there.", "complete"),
        ]
        rows = await house.store.records(session.id)
        assert [row.message for row in rows] == [message.id]
        assert session.state.cost.amount == message.cost.amount if message.cost else False
        job = await house.ports.jobs.get_job(turn.id)
        assert job is not None
        assert job.status == "complete"

    live(test, Reply.text("Hello there."), price=Price(Decimal(1), Decimal(2)))


def test_the_answer_is_there_as_a_partial_from_the_start() -> None:
    """The streaming message is saved before the first token, so any end leaves valid history."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: session.state.status == "submitted" and len(session.path) == 2)
        saved = await house.store.messages(session.id)
        assert [(m.role, m.status) for m in saved] == [("user", "complete"), ("assistant", "streaming")]
        gate.release(1)
        await eventually(lambda: session.state.streaming_text == "one ")
        assert session.path[-1].text == "one "
        assert session.path[-1].status == "streaming"
        gate.open()
        assert (await answer(turn)).text == "one two"
        assert session.state.streaming_text == ""

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_stop_keeps_the_partial_and_closes_the_request() -> None:
    """G2, L14: one exit; the partial is what came, the socket is closed when stop returns, nothing is marked in the text."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(2)
        await eventually(lambda: turn.content.text == "one two ")
        await session.stop()
        message = await answer(turn)
        assert (message.text, message.status, message.finish_reason) == ("one two ", "stopped", None)
        assert session.state.status == "idle"
        assert (await house.store.messages(session.id))[-1] == message
        assert message.usage is not None
        assert message.usage.certainty == "estimated"

    server = live(test, Reply.text(tokens=["one ", "two ", "three"], gate=gate))
    assert server.open_streams == 0


def test_a_send_right_after_stop_is_answered_and_keeps_its_question() -> None:
    """G3: a new turn starts after the old one settled."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        first = session.submit("first")
        gate.release(1)
        await eventually(lambda: first.content.text == "a ")
        stopping = asyncio.create_task(session.stop())
        second = session.submit("second")
        await stopping
        assert (await answer(second)).text == "fine"
        assert [m.text for m in session.path] == ["first", "a ", "second", "fine"]

    live(test, Reply.text(tokens=["a ", "b"], gate=gate), Reply.text("fine"))


def test_stop_before_the_request_left_sends_nothing() -> None:
    """Stopping a turn that has just been submitted costs nothing."""

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await asyncio.sleep(0)
        await session.stop()
        message = await answer(turn)
        assert message.status == "stopped"
        assert message.cost is not None
        assert message.cost.amount == 0

    assert not live(test, Reply.text("never")).chats


def test_turns_queue_and_are_answered_in_order() -> None:
    """Run All works: five questions at once, one request at a time, in order."""

    async def test(house: House) -> None:
        session = await house.session()
        turns = [session.submit(f"question {n}") for n in range(5)]
        assert [len(t.text) > 0 for t in session.queue] == [True] * 5
        assert [(await answer(turn)).text for turn in turns] == [f"answer {n}" for n in range(5)]

    server = live(test, *(Reply.text(f"answer {n}") for n in range(5)))
    sent = [request.json["messages"][-1]["content"] for request in server.chats]
    assert sent == [f"question {n}" for n in range(5)]
    assert len(server.chats[-1].json["messages"]) == 9


def test_two_that_send_at_once_start_one_request_each() -> None:
    """G4: busy is reserved before anything is awaited; one request per message, none lost."""

    async def test(house: House) -> None:
        session = await house.session()

        async def view(name: str) -> list[Turn]:
            return [session.submit(f"{name} {n}") for n in range(10)]

        turns = [turn for group in await asyncio.gather(view("a"), view("b")) for turn in group]
        for turn in turns:
            await answer(turn)
        assert [m.text for m in session.path if m.role == "user"] == [turn.text for turn in turns]

    assert len(live(test, *(Reply.text("ok") for _ in range(20))).chats) == 20


def test_a_repeated_request_id_attaches_instead_of_paying_twice() -> None:
    """L4: while it runs, and after it ended."""

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi", request_id="r1")
        assert session.submit("hi", request_id="r1") is turn
        first = await answer(turn)
        again = await answer(session.submit("hi", request_id="r1"))
        assert again == first
        assert len(session.path) == 2
        assert len(await house.store.records(session.id)) == 1
        assert session.state.usage == first.usage

    assert len(live(test, Reply.text("once"), Reply.text("twice")).chats) == 1


def test_busy_can_raise_and_bad_input_loses_nothing() -> None:
    """The caller's mistakes are named, and nothing is sent."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        with pytest.raises(BusyError, match="runs another turn"):
            session.submit("now", when_busy="raise")
        with pytest.raises(UsageError, match="empty"):
            session.submit("  \n")
        with pytest.raises(ConfigError, match="no provider"):
            session.submit("hi", model="nowhere/tiny")
        with pytest.raises(UsageError, match="does not name a model"):
            await session.set_model("tiny")
        gate.open()
        assert (await answer(turn)).status == "complete"

    assert len(live(test, Reply.text("ok", gate=gate)).chats) == 1


def test_a_waiting_turn_can_be_taken_out_of_the_queue() -> None:
    """Its future is cancelled, and its question never goes out."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        first, second, third = (session.submit(text) for text in ("one", "two", "three"))
        await eventually(lambda: first.status == "running")
        assert session.unqueue(second.id)
        assert not session.unqueue(second.id)
        assert second.future.cancelled()
        gate.open()
        await answer(third)
        assert [m.text for m in session.path if m.role == "user"] == ["one", "three"]

    live(test, Reply.text("1", gate=gate), Reply.text("3"))


def test_an_error_is_a_bubble_and_the_next_question_works() -> None:
    """A wrong key: named, saved with the message, cleared by the next turn."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.status == "error"
        assert message.error is not None
        assert message.error.kind == "auth"
        assert session.state.status == "error"
        assert session.state.last_error == message.error
        assert message.cost is not None
        assert message.cost.amount == 0
        assert (await answer(session.submit("again"))).text == "better"
        assert session.state.last_error is None
        assert house.statuses() == ["submitted", "error", "submitted", "streaming", "idle"]

    live(test, Reply.error(401, "bad key"), Reply.text("better"))


def test_a_cut_in_mid_answer_keeps_the_partial_as_interrupted() -> None:
    """G7: "complete" needs the provider's own word; what came is kept."""
    whole = Reply.text("some words that are cut")
    cut = whole.cut(len(whole.body()) // 2, "rst")

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        message = await answer(turn)
        assert message.status == "interrupted"
        assert message.error is not None
        assert message.error.kind == "interrupted"
        assert message.text
        assert "some words that are cut".startswith(message.text)
        assert (await answer(session.submit("again"))).status == "complete"

    live(test, cut, Reply.text("whole"))


def test_the_log_ends_once_and_readers_get_every_byte() -> None:
    """seq 1 is the start, the last entry holds the end, and the folded text is the answer."""

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        message = await answer(turn)
        entries = await house.ports.log.read(turn.id, turn.generation, 0)
        assert entries is not None
        assert entries[0].events[0].type == "turn-start"
        ends = [event for entry in entries for event in entry.events if isinstance(event, TurnEnd | TurnError)]
        assert len(ends) == 1
        assert ends[0] is entries[-1].events[-1]
        state = await house.ports.log.resume_state(turn.id)
        assert state is not None
        assert state.aggregated_content == message.parts

    live(test, Reply.text("word " * 500))


def test_a_waiting_cell_that_is_run_again_asks_once() -> None:
    """In the words that it has now; other cells wait on."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        first = session.submit("first", cell="cell-1")
        await eventually(lambda: first.status == "running")
        old, other = session.submit("secnod", cell="cell-2"), session.submit("third")
        new = session.submit("second", cell="cell-2")
        assert old.future.cancelled()
        assert session.queue == (other, new)
        gate.open()
        for turn in (first, other, new):
            await answer(turn)

    server = live(test, Reply.text("1", gate=gate), Reply.text("2"), Reply.text("3"))
    assert [chat.question for chat in server.chats] == ["first", "third", "second"]


def test_a_cell_that_is_run_again_branches_at_its_parent_else_appends() -> None:
    """DESIGN 13: on the active path it branches; once it has left the path, it appends."""

    async def test(house: House) -> None:
        session = await house.session()
        for text, cell in (("q1", "cell-1"), ("q2", "cell-2")):
            await answer(session.submit(text, cell=cell))
        await answer(session.submit("q2 again", cell="cell-2"))
        assert [m.text for m in session.path if m.role == "user"] == ["q1", "q2 again"]
        await answer(session.submit("q1 again", cell="cell-1"))
        assert [m.text for m in session.path if m.role == "user"] == ["q1 again"]
        await answer(session.submit("q2 once more", cell="cell-2"))
        assert [m.text for m in session.path if m.role == "user"] == ["q1 again", "q2 once more"]
        assert len(await house.store.messages(session.id)) == 10

    live(test, *(Reply.text("ok") for _ in range(5)))


def test_closing_a_session_saves_a_running_answer_as_interrupted() -> None:
    """A kernel that shuts down in mid-answer keeps what came, and says how it ended."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        await house.manager.close(session)
        assert (await answer(turn)).status == "interrupted"
        saved = (await house.store.messages(session.id))[-1]
        assert (saved.text, saved.status) == ("one ", "interrupted")
        again = await house.session()
        assert [m.text for m in again.path] == ["hi", "one "]

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_a_view_that_closes_ends_nothing() -> None:
    """G9, L1: a running turn outlives its views and is saved."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.manager.open("test", model="lab/tiny")
        view = session.lease("view")
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        view.release()
        gate.open()
        assert (await answer(turn)).text == "one two"

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_the_conversations_model_and_system_prompt_are_used_and_a_turns_own_wins_once() -> None:
    """`-m` is for one turn; the conversation keeps its own."""

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_system("be brief")
        await answer(session.submit("a", model="lab/other", parameters={"temperature": 0}))
        await answer(session.submit("b"))

    first, second = live(test, Reply.text("1"), Reply.text("2")).chats
    assert (first.json["model"], first.json["temperature"], second.json["model"]) == ("other", 0, "tiny")
    assert first.json["messages"][0] == {"role": "system", "content": "be brief"}
    assert "temperature" not in second.json


def test_half_a_character_in_a_models_name_or_finish_reason_is_replaced() -> None:
    """A broken provider blinds no view: what the wire cannot carry never gets that far."""
    chunk = {"model": "ti\ud83dny", "choices": [{"delta": {"content": "ok"}, "finish_reason": "st\ud83dop"}]}

    async def test(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        assert (message.text, message.model, message.finish_reason) == ("ok", "lab/ti\ufffdny", "st\ufffdop")

    live(test, Reply.events([chunk, "[DONE]"]))
