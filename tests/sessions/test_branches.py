"""The conversation as a tree: other words, another answer, a reply by hand, marks; on the whole way to the store."""

from __future__ import annotations

import pytest

from nbchat.core.errors import UsageError
from nbchat.testing import Gate, Reply
from tests.support.house import House, answer, eventually, live


def test_edited_words_make_a_branch_and_the_old_one_stays() -> None:
    """6.5: nothing is deleted; the conversation goes on in the new branch, and the model is sent that one alone."""

    async def test(house: House) -> None:
        session = await house.session()
        first = await answer(session.submit("first"))
        await answer(session.submit("second"))
        asked = session.path[0]
        await answer(session.edit(asked.id, "other"))
        assert [m.text for m in session.path] == ["other", "three"]
        assert [m.text for m in session.siblings(session.path[0].id)] == ["first", "other"]
        await session.switch(first.id)
        assert [m.text for m in session.path] == ["first", "one", "second", "two"]
        await answer(session.submit("third"))
        assert [m.text for m in await house.store.messages(session.id)] == [
            "first", "one", "second", "two", "other", "three", "third", "four",
        ]  # fmt: skip

    server = live(test, *(Reply.text(word) for word in ("one", "two", "three", "four")))
    assert [m["content"] for m in server.chats[2].json["messages"]] == ["other"]
    assert [m["content"] for m in server.chats[3].json["messages"]] == ["first", "one", "second", "two", "third"]


def test_regenerate_makes_a_sibling_answer() -> None:
    """The same question, one more answer; each keeps model, parameters, time to first token and tokens a second."""

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_parameters({"temperature": 0.5, "top_p": 0.9})
        old = await answer(session.submit("hi", parameters={"temperature": None, "seed": 7}))
        new = await answer(session.regenerate(model="lab/other"))
        assert [m.text for m in session.path] == ["hi", "two"]
        assert session.siblings(new.id) == (old, new)
        assert (old.model, new.model) == ("lab/tiny", "lab/other")
        assert (old.parameters, new.parameters) == ({"top_p": 0.9, "seed": 7}, {"temperature": 0.5, "top_p": 0.9})
        assert old.first_token_seconds is not None
        assert old.seconds is not None
        assert 0 < old.first_token_seconds <= old.seconds
        reopened = await house.store.messages(session.id)
        assert [m for m in reopened if m.role == "assistant"] == [old, new]
        turn = house.signals[-1]
        assert turn.session is session

    server = live(test, Reply.text("one"), Reply.text("two"))
    first, second = (chat.json for chat in server.chats)
    assert {name: first.get(name) for name in ("temperature", "top_p", "seed")} == {"temperature": None, "top_p": 0.9, "seed": 7}
    assert (second["temperature"], second["model"]) == (0.5, "other")
    assert first["messages"] == second["messages"]


def test_an_answer_that_failed_before_anything_came_is_asked_for_in_its_place() -> None:
    """Retry without retyping: one question, one answer, no trace of the failure but in the ledger."""

    async def test(house: House) -> None:
        session = await house.session()
        failed = await answer(session.submit("hi"))
        assert (failed.status, failed.parts) == ("error", ())
        again = await answer(session.regenerate())
        assert (again.id, again.text, again.status, again.error) == (failed.id, "fine", "complete", None)
        assert [m.text for m in session.path] == ["hi", "fine"]
        assert await house.store.messages(session.id) == list(session.path)
        assert [row.status for row in await house.store.records(session.id)] == ["error", "complete"]
        assert session.state.last_error is None

    live(test, Reply.error(401), Reply.text("fine"))


def test_a_reply_by_hand_stands_beside_the_old_one_and_is_what_the_model_sees() -> None:
    """No request is made for it, and it says that no model wrote it."""

    async def test(house: House) -> None:
        session = await house.session()
        old = await answer(session.submit("hi"))
        mine = await session.edit_reply(old.id, "mine")
        assert (mine.model, mine.cost, mine.parent) == (None, None, old.parent)
        assert session.siblings(mine.id) == (old, mine)
        await answer(session.submit("and?"))
        assert [m.text for m in await house.store.messages(session.id)] == ["hi", "theirs", "mine", "and?", "ok"]
        for wrong in (session.path[0].id, "nobody"):
            with pytest.raises(UsageError):
                await session.edit_reply(wrong, "x")
        with pytest.raises(UsageError):
            await session.edit_reply(mine.id, " ")

    server = live(test, Reply.text("theirs"), Reply.text("ok"))
    assert [m["content"] for m in server.chats[1].json["messages"]] == ["hi", "mine", "and?"]


def test_what_the_store_refuses_is_not_shown() -> None:
    """Save, then show: a reply that could not be saved is not in the conversation, and nobody is told of it."""

    async def test(house: House) -> None:
        session = await house.session()
        old = await answer(session.submit("hi"))
        before, heard = session.messages, len(house.signals)
        await house.store.delete(session.id)
        with pytest.raises(UsageError):
            await session.edit_reply(old.id, "better")
        assert session.messages == before
        assert session.path[-1] == old
        assert [signal.name for signal in house.signals[heard:]] == []

    live(test, Reply.text("hello"))


def test_a_hidden_message_is_not_sent_and_a_deleted_one_is_not_there_until_it_is_restored() -> None:
    """Both are marks in the store; deleting takes a question's answers along, and undo brings the same back."""

    async def test(house: House) -> None:
        session = await house.session()
        for question in ("one", "two", "three"):
            await answer(session.submit(question))
        path = session.path
        await session.hide(path[0].id)
        gone = await session.delete(path[2].id)
        assert gone == (path[2].id, path[3].id)
        assert [m.text for m in session.path] == ["one", "1", "three", "3"]
        await answer(session.submit("four"))
        await session.restore(gone)
        await session.hide(path[0].id, hidden=False)
        assert [m.text for m in session.path] == ["one", "1", "two", "2", "three", "3", "four", "4"]
        await answer(session.submit("five"))
        stored = await house.store.messages(session.id)
        assert [m.id for m in stored] == [m.id for m in session.path]
        assert not any(m.hidden or m.deleted for m in stored)
        assert [signal.name for signal in house.signals].count("path-changed") == 4

    server = live(test, *(Reply.text(str(n)) for n in range(1, 6)))
    assert [m["content"] for m in server.chats[3].json["messages"]] == ["1", "three", "3", "four"]
    assert len(server.chats[4].json["messages"]) == 9


def test_a_question_behind_deleted_ones_goes_on_where_the_eye_sees_the_end() -> None:
    """The end of the path may be deleted: what is asked next stands below what is left."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("one"))
        await answer(session.submit("two"))
        await session.delete(session.path[2].id)
        turn = session.submit("three")
        await answer(turn)
        assert turn.question is not None
        assert turn.question.parent == session.path[1].id
        assert [m.text for m in session.path] == ["one", "1", "three", "3"]

    live(test, Reply.text("1"), Reply.text("2"), Reply.text("3"))


def test_what_runs_is_not_deleted_edited_or_asked_again() -> None:
    """It is stopped first; each refusal says so."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: len(session.path) == 2)
        question, running = session.path
        for attempt in (
            session.delete(question.id),
            session.delete(running.id),
            session.edit_reply(running.id, "x"),
        ):
            with pytest.raises(UsageError):
                await attempt
        for again in (session.regenerate, session.resume):
            with pytest.raises(UsageError):
                again(running.id)
        gate.open()
        await answer(turn)

    live(test, Reply.text("fine", gate=gate))


def test_a_repeated_request_id_attaches_whatever_was_asked() -> None:
    """A click that arrives twice pays once: edit, regenerate and resume too."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hi"))
        question = session.path[0]
        first = session.edit(question.id, "other", request_id="r")
        assert session.edit(question.id, "other", request_id="r") is first
        second = session.regenerate(request_id="s")
        assert session.regenerate(request_id="s") is second
        gate.open()
        await answer(first)
        await answer(second)
        assert len(await house.store.records(session.id)) == 3

    live(test, Reply.text("one"), Reply.text("two", gate=gate), Reply.text("three"))


def test_a_waiting_question_can_be_put_in_other_words() -> None:
    """The queue is visible, its items editable and removable; what runs is not touched."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        running = session.submit("first")
        waiting, dropped = session.submit("secnod"), session.submit("third")
        await eventually(lambda: session.turn is running)
        assert [turn.text for turn in session.queue] == ["secnod", "third"]
        assert session.requeue(waiting.id, "second")
        assert session.unqueue(dropped.id)
        assert not session.requeue(running.id, "x")
        with pytest.raises(UsageError):
            session.requeue(waiting.id, " ")
        gate.open()
        await answer(waiting)
        assert [m.text for m in session.path] == ["first", "one", "second", "two"]

    live(test, Reply.text("one", gate=gate), Reply.text("two"))


def test_an_answer_may_be_hidden_while_it_runs() -> None:
    """Its end does not take the mark away, in memory or in the store."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        await eventually(lambda: len(session.path) == 2)
        await session.hide(session.path[-1].id)
        gate.open()
        await answer(turn)
        assert session.path[-1].hidden
        assert (await house.store.messages(session.id))[-1].hidden

    live(test, Reply.text("fine", gate=gate))
