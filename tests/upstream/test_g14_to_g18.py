"""What went wrong upstream, rows G14 to G18: histories that poison, settings that leak, traffic and rows that hold too much."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from nbchat.notebook.hub import Hub
from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.clock import ManualClock
from tests.support.house import House, answer, eventually, house, live
from tests.support.screens import Screen


def test_g14_how_an_answer_ended_is_a_field_and_no_text() -> None:
    """A stopped answer goes back to the model as its own words."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "half ")
        await session.stop()
        assert (await answer(turn)).status == "stopped"
        await answer(session.submit("go on"))
        assert [m.text for m in await house.store.messages(session.id)] == ["hi", "half ", "go on", "fine"]

    server = live(test, Reply.text(tokens=["half ", "an answer"], gate=gate), Reply.text("fine"))
    assert server.chats[-1].messages == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "half "},
        {"role": "user", "content": "go on"},
    ]


def test_g15_what_no_provider_takes_is_kept_but_never_sent() -> None:
    """Calls without results, thoughts without an answer and answers without a word stay in the conversation only."""
    gate = Gate()
    thoughts = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}

    async def test(house: House) -> None:
        session = await house.session()
        called = await answer(session.submit("one"))
        assert [part.type for part in called.parts] == ["text", "tool-call"]
        turn = session.submit("two")
        await eventually(lambda: gate.reached == 1)
        await session.stop()
        assert (await answer(turn)).reasoning == "hm"
        assert (await answer(session.submit("three"))).status == "error"
        await answer(session.submit("four"))
        assert len(await house.store.messages(session.id)) == 8

    server = live(
        test,
        Reply.text(tokens=["a"], tool_calls=[("f", {"x": 1})], finish_reason="tool_calls"),
        Reply.events([thoughts, gate]),
        Reply.error(401, "no"),
        Reply.text("fine"),
    )
    sent = server.chats[-1].messages
    assert all(message["content"] and "tool_calls" not in message for message in sent)
    assert [message["content"] for message in sent] == ["one", "a", "two", "three", "four"]


def test_g15_each_call_that_is_sent_has_its_one_result_behind_it() -> None:
    """A turn that is stopped while one of its tools runs goes out whole with the next question, or not at all."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def quick() -> str:
        """Answer at once."""
        return "here"

    async def slow() -> str:
        """Wait."""
        entered.set()
        await release.wait()
        return "too late"

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([quick, slow], None)
        session.tools.allow("quick", "slow")
        turn = session.submit("one")
        await entered.wait()
        await session.stop()
        assert (await answer(turn)).status == "stopped"
        assert (await answer(session.submit("two"))).status == "complete"

    server = live(test, Reply.text(tool_calls=[("quick", {}), ("slow", {})]), Reply.text("fine"))
    sent = server.chats[-1].messages
    calls = [call["id"] for message in sent for call in message.get("tool_calls", ())]
    results = [message["tool_call_id"] for message in sent if message["role"] == "tool"]
    assert sorted(calls) == sorted(results)
    assert len(set(calls)) == len(calls)
    assert [message["role"] for message in sent] == ["user", "assistant", *["tool"] * len(calls), "user"]
    assert "here" in [message["content"] for message in sent]


def test_g16_a_choice_holds_where_it_was_made() -> None:
    """A given title stays, another conversation keeps its model, a keyless server is asked, a listing goes with its URL."""

    async def main(server: ScriptedServer, keyless: ScriptedServer) -> None:
        from nbchat.providers.making import make_provider

        async with house(server) as built:
            mine, other = await built.session("mine"), await built.session("other")
            await mine.set_title("My own title")
            await mine.set_model("lab/large")
            assert (mine.model, other.model) == ("lab/large", "lab/tiny")
            assert (await answer(mine.submit("hi"))).model == "lab/large"
            assert (await answer(other.submit("hi"))).model == "lab/tiny"
            assert mine.conversation.title == "My own title"
            assert [model.id for model in await built.registry.models("lab")] == ["one"]
            local, _ = make_provider("lab", base_url=keyless.base_url)
            built.registry.add(local)
            assert [model.id for model in await built.registry.models("lab")] == ["two"]
            assert (await answer(other.submit("again"))).status == "complete"

    with ScriptedServer(models=("one",)) as server, ScriptedServer(api_key=None, models=("two",)) as keyless:
        asyncio.run(main(server, keyless))
        assert [request.headers.get("authorization") for request in keyless.chats] == [None]


def test_g17_a_view_is_sent_each_token_once() -> None:
    """An answer of twice the length costs twice the bytes: deltas, never the whole text again."""
    clock, gate = ManualClock(), Gate()
    word = "word after word after word after word "

    async def test(house: House) -> None:
        hub, costs = Hub(house.manager, house.ports.clock), []
        for tokens in (30, 60):
            session = await house.session(f"of {tokens}")
            screen = Screen(hub, session)
            turn = session.submit(f"{tokens}")
            for count in range(1, tokens + 1):
                gate.release()
                await eventually(lambda turn=turn, count=count: turn.content.text == word * count)
                await clock.advance(0.1)  # a message for each token, as a slow model has it
            await eventually(lambda screen=screen, tokens=tokens: screen.text == word * tokens)
            assert len(screen.messages) >= tokens - 3  # one each, but for the first ones
            costs.append(screen.bytes)
            gate.release()
            await answer(turn)
        assert costs[1] < 2.2 * costs[0]

    live(test, *(Reply.text(tokens=[word] * tokens, gate=gate) for tokens in (30, 60)), clock=clock)


def test_g18_two_kernels_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    """A row for each message: what one kernel adds does not write over what the other one added."""
    place = tmp_path / "nbchat.db"

    async def main(server: ScriptedServer) -> None:
        async with house(server, place=str(place)) as here, house(server, place=str(place)) as there:
            sessions = [await here.session(), await there.session()]
            turns = [session.submit(f"{name} {n}") for n in range(5) for name, session in zip("ab", sessions, strict=True)]
            for turn in turns:
                assert (await answer(turn)).status == "complete"
            saved = await here.store.messages(sessions[0].id)
            assert saved == await there.store.messages(sessions[0].id)
            asked = [m.text for m in saved if m.role == "user"]
            assert [t for t in asked if t[0] == "a"] == [f"a {n}" for n in range(5)]
            assert [t for t in asked if t[0] == "b"] == [f"b {n}" for n in range(5)]

    with ScriptedServer() as server:
        asyncio.run(main(server))
    with closing(sqlite3.connect(place)) as db:
        assert db.execute("SELECT COUNT(*), COUNT(DISTINCT id) FROM messages").fetchone() == (20, 20)
