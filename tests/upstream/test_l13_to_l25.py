"""What went wrong with resumable streams upstream, rows L13 to L25: what is kept too long, told wrongly, stored or sent twice."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import queue
import sqlite3
from collections import Counter
from contextlib import closing
from contextvars import ContextVar, copy_context
from dataclasses import replace
from pathlib import Path

import nbchat
from nbchat.core.messages import TextPart
from nbchat.notebook.hub import Hub
from nbchat.notebook.wire import Json
from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.support.apps import running_app
from tests.support.house import House, answer, eventually, live, play
from tests.support.screens import Screen


def test_l13_an_ended_turn_lets_go_of_its_run_and_its_request() -> None:
    """Whoever keeps a turn or a session keeps text, and nothing of the run, the attempt or the exchange that brought it."""
    gate, before = Gate(), _alive()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        assert all(_alive()[name] for name in _RUNNING)
        gate.open()
        assert (await answer(turn)).text == turn.content.text == "one two"
        await eventually(lambda: _alive() <= before)  # what other tests left may go meanwhile

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


_RUNNING = ("TurnRun", "Attempt", "Exchange")


def _alive() -> Counter[str]:
    """How many objects there are of nbchat's classes that only a running turn has."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    return Counter(kind.__name__ for kind in kinds if kind.__name__ in _RUNNING and kind.__module__.startswith("nbchat."))


def test_l14_stop_returns_when_everything_of_the_turn_has_ended() -> None:
    """No task of the turn is left, its request is closed and its partial saved: what is acknowledged has happened."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        before = asyncio.all_tasks()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        await session.stop()
        assert (turn.status, turn.future.done(), session.busy) == ("ended", True, False)
        assert [m.status for m in await house.store.messages(session.id)] == ["complete", "stopped"]
        left = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}  # type: ignore[union-attr]
        assert not {name for name in left if name.startswith(("TurnRun", "Attempt", "Endpoint"))}

    server = live(test, Reply.text(tokens=["one ", "two"], gate=gate))
    assert len(server.wait_closed()) == 1


def test_l15_losing_a_view_is_not_failing_the_answer() -> None:
    """A view whose transport breaks fails no turn; one that comes when all is over, and its log gone, is shown the answer."""
    gate = Gate()

    class Broken(Screen):
        def custom(self, content: Json) -> None:
            broken(content)

        def update(self, state: Json) -> None:
            broken(state)

    def broken(_: object) -> None:
        raise ConnectionError("the page is gone")

    async def test(house: House) -> None:
        hub = Hub(house.manager, house.ports.clock)
        session = await house.session()
        Broken(hub, session)
        session.listen(broken)
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        gate.open()
        message = await answer(turn)
        assert (message.text, message.status, session.state.last_error) == ("one two", "complete", None)
        await house.ports.jobs.delete_job(turn.id)
        late = Screen(hub, session)
        hub.hello(late.view, turn.generation, 1, "page")
        await eventually(lambda: "snapshot" in late.ops())
        shown = next(each["snapshot"] for each in late.messages if each["op"] == "snapshot")["messages"][-1]
        assert (shown["status"], shown["parts"]) == ("complete", [{"type": "text", "text": "one two"}])
        assert "refused" not in late.ops()

    live(test, Reply.text(tokens=["one ", "two"], gate=gate))


def test_l20_an_answer_is_built_and_stored_once(tmp_path: Path) -> None:
    """From deltas or from the final message, never both; and saved as one row, without the pieces it came in."""
    place = tmp_path / "nbchat.db"
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "only "}}]},
        {"choices": [{"index": 0, "delta": {"content": "once"}}]},
        {"choices": [{"index": 0, "message": {"role": "assistant", "content": "only once"}, "finish_reason": "stop"}]},
        "[DONE]",
    ]

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        message = await answer(turn)
        assert message.parts == (TextPart("only once"),)
        assert turn.record is not None
        await house.store.checkpoint(turn.record, message.parts)  # one that was under way
        assert (await house.store.messages(session.id))[-1] == message

    live(test, Reply.events(chunks), place=str(place))
    with closing(sqlite3.connect(place)) as db:
        assert [json.loads(parts) for (parts,) in db.execute("SELECT parts FROM messages WHERE role = 'assistant'")] == [
            [{"type": "text", "text": "only once"}]
        ]
        assert db.execute("SELECT COUNT(*) FROM message_pieces").fetchone() == (0,)


def test_l21_a_title_comes_whatever_becomes_of_its_request() -> None:
    """Apart from the turn: no stop loses it, reasoning is no part of it, and where the model gives none the first words stand."""
    gate, name = Gate(), Reply.text("<think>A name, a name</think>Of rain", reasoning="Hm.")

    async def test(house: House) -> None:
        house.manager._ports = replace(house.ports, helper_requests=lambda _: True)
        named, other = await house.session("named"), await house.session("other")
        await answer(named.submit("Why does it rain?"))
        turn = named.submit("And why does it snow?")
        await eventually(lambda: turn.content.text == "one ")
        await named.stop()
        await eventually(lambda: named.conversation.title == "Of rain")
        await answer(other.submit("Why is it cold?"))
        await eventually(lambda: other.conversation.title == "Why is it cold?")

        async def settled() -> bool:
            return [row.purpose for row in await house.store.records(other.id)] == ["answer", "title"]

        await eventually(settled)
        assert (other.conversation.title, other.state.status, other.state.last_error) == ("Why is it cold?", "idle", None)

    def reply(request: Request) -> Reply:
        if request.question == "And why does it snow?":
            return Reply.text(tokens=["one ", "two"], gate=gate)
        if request.question in ("Why does it rain?", "Why is it cold?"):
            return Reply.text("Because.")
        return name if "rain" in request.question else Reply.error(401, "no")

    gate.release(1)
    with ScriptedServer(reply) as server:
        play(test, server)


def test_l24_a_tool_runs_in_the_context_in_which_it_was_given() -> None:
    """On a thread or on the loop: what the cell that gave it has set is there."""
    of_cell: ContextVar[str] = ContextVar("of_cell", default="lost")

    def blocking() -> str:
        """Say what is set."""
        return of_cell.get()

    async def waiting() -> str:
        """Say what is set."""
        return of_cell.get()

    def cell() -> None:
        of_cell.set("the cell's")
        nbchat.session("notes").tools = [blocking, waiting]

    with running_app(Reply.text(tool_calls=[("blocking", {}), ("waiting", {})]), Reply.text("fine")) as server:
        session = nbchat.session("notes")
        copy_context().run(cell)
        session._core.tools.allow("blocking", "waiting")
        session.ask("hi")
        results = [message["content"] for message in server.chats[-1].messages if message["role"] == "tool"]
    assert results == ["the cell's"] * 2


def test_l24_a_callback_runs_in_the_context_in_which_it_was_given() -> None:
    """What a cell has set in a context variable is there when its callback runs, on whatever thread that is."""
    of_cell: ContextVar[str] = ContextVar("of_cell", default="lost")
    heard: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def cell(name: str) -> None:
        of_cell.set(name)
        nbchat.session("notes").on("turn-ended", lambda event: heard.put((name, of_cell.get())))

    with running_app(Reply.text("fine")):
        session = nbchat.session("notes")
        for name in ("one", "two"):
            copy_context().run(cell, name)
        session.ask("hi")
        assert sorted(heard.get(timeout=10) for _ in range(2)) == [("one", "one"), ("two", "two")]


def test_l25_a_request_begins_with_the_bytes_of_the_one_before() -> None:
    """Prompt caches hit: nothing that changes (a time, an id, an order of keys) stands before the new question."""

    async def test(house: House) -> None:
        session = await house.session()
        await session.set_system("Be brief, and byte-stable.")
        for text in ("one", "two", "three"):
            await answer(session.submit(text, parameters={"temperature": 0.5, "top_p": 1}))

    chats = live(test, *(Reply.text(f"answer {n}") for n in range(3))).chats
    for before, after in itertools.pairwise(chats):
        prefix, _, rest = before.body.partition(b'],"stream"')
        assert rest
        assert prefix.count(b'"role"') == len(before.messages)
        assert after.body.startswith(prefix + b",")
