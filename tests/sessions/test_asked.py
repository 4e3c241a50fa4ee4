"""A cell that asks what it asked before, in the same conversation, gets the answer that it got: free; anything else is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nbchat.core.messages import FilePart
from nbchat.sessions.session import Session
from nbchat.testing import Gate, Reply
from tests.support.house import House, answer, eventually, live


async def again(house: House, session: Session) -> Session:
    """The session as a fresh kernel opens it."""
    await house.manager.close(session)
    return await house.session()


async def run(session: Session, *questions: str, **options: Any) -> list[bool]:
    """Ask from cells, as the first run of each in its kernel; returns which were answered before."""
    turns = [session.submit(text, cell=f"nb#c{at}#0", reuse=True, **options) for at, text in enumerate(questions)]
    for turn in turns:
        assert (await answer(turn)).status == "complete"
    return [turn.reused for turn in turns]


def checked(test: Callable[[House, Session], Awaitable[None]], replies: int) -> None:
    """Three cells are answered; then `test` finds the session in a fresh kernel. So many requests are made in all."""

    async def work(house: House) -> None:
        session = await house.session()
        assert await run(session, "one", "two", "three") == [False] * 3
        await test(house, await again(house, session))

    server = live(work, *(Reply.text(f"answer {number}") for number in range(replies)))
    assert len(server.chats) == replies


def test_unchanged_cells_are_answered_without_a_request() -> None:
    """Again and again, in every fresh kernel; the active path, the sums and the titles stay as they were."""

    async def test(house: House, session: Session) -> None:
        before = (session.path, session.state.cost, session.conversation.title)
        assert await run(session, "one", "two", "three") == [True] * 3
        assert (session.path, session.state.cost, session.conversation.title) == before
        assert [signal.name for signal in house.signals].count("turn-started") == 3
        session = await again(house, session)
        assert await run(session, "one") == [True]
        typed = await answer(session.submit("in a thread"))
        assert session.path[-1].id == typed.id
        assert await run(await again(house, session), "one", "two", "three") == [True] * 3

    checked(test, 4)


def test_a_changed_question_and_what_follows_it_are_asked() -> None:
    """The history of the third is another one; in the next kernel all three are known."""

    async def test(house: House, session: Session) -> None:
        assert await run(session, "one", "TWO", "three") == [True, False, False]
        assert await run(await again(house, session), "one", "TWO", "three") == [True] * 3

    checked(test, 5)


def test_options_and_attachments_belong_to_the_question() -> None:
    """A parameter, a model, a file: given or changed, it is asked anew; given again, it is known."""
    ways: list[dict[str, Any]] = [
        {"parameters": {"temperature": 0.5}},
        {"parameters": {"temperature": 0.6}},
        {"model": "lab/other"},
        {"attachments": [FilePart("a.txt", "a")]},
        {"attachments": [FilePart("a.txt", "b")]},
    ]

    async def test(house: House, session: Session) -> None:
        for options in ways:
            assert await run(session, "one", **options) == [False]
            session = await again(house, session)
            assert await run(session, "one", **options) == [True]

    checked(test, 3 + len(ways))


def test_the_conversation_counts_as_the_last_cell_left_it() -> None:
    """A model or system prompt that the second cell chose is there when a fresh kernel begins; one chosen since asks anew."""

    async def work(house: House) -> None:
        session = await house.session()
        assert await run(session, "one") == [False]
        await session.set_model("lab/other")
        await session.set_system("Be brief.")
        await answer(session.submit("two", cell="nb#c1#0"))
        session = await again(house, session)
        assert await run(session, "one", "two") == [True, True]
        await session.set_system("Be long.")
        assert await run(session, "one") == [False]
        session = await again(house, session)
        assert await run(session, "one") == [True]
        await session.set_model("lab/third")
        assert await run(session, "one") == [False]

    assert len(live(work, *(Reply.text("yes") for _ in range(4))).chats) == 4


def test_other_tools_give_other_answers() -> None:
    """A tool that came, went or is told otherwise since asks anew; the same one, defined again in a fresh kernel, does not."""

    def weather(city: str) -> str:
        """Weather of a city."""
        return city

    def defined_again(city: str) -> str:
        """Weather of a city."""
        return city.upper()

    def told_otherwise(city: str) -> str:
        """Weather of a town."""
        return city

    async def work(house: House) -> None:
        session = await house.session()
        session.tools.set([weather])
        assert await run(session, "one") == [False]
        defined_again.__name__ = told_otherwise.__name__ = "weather"
        for tools, known in ([defined_again], True), ([told_otherwise], False), ([told_otherwise], True), ([], False), ([], True):
            session = await again(house, session)
            session.tools.set(tools)
            assert await run(session, "one") == [known]

    assert len(live(work, *(Reply.text("yes") for _ in range(3))).chats) == 3


def test_what_was_hidden_or_written_before_it_since_is_another_history() -> None:
    """The first cell is as it was; what follows a hidden message is not."""

    async def test(house: House, session: Session) -> None:
        await session.hide(session.path[0].id)
        assert await run(session, "one", "two") == [True, False]

    checked(test, 4)


def test_the_answer_that_is_shown_is_the_active_one() -> None:
    """One that was asked for again in a view stands for the cell, too."""

    async def test(house: House, session: Session) -> None:
        newer = await answer(session.regenerate())
        session = await again(house, session)
        turn = session.submit("three", cell="nb#c2#0", reuse=True)
        assert (await answer(turn)).id == newer.id

    checked(test, 4)


def test_a_stopped_answer_is_asked_anew() -> None:
    """Whoever runs the cell again wants the rest."""
    gate = Gate()

    async def work(house: House) -> None:
        session = await house.session()
        turn = session.submit("one", cell="nb#c0#0", reuse=True)
        gate.release()
        await eventually(lambda: session.state.status == "streaming")
        await session.stop()
        assert (await answer(turn)).status == "stopped"
        assert await run(await again(house, session), "one") == [False]

    live(work, Reply.text(tokens=["not ", "all"], gate=gate), Reply.text("yes"))
    gate.open()


def test_a_question_without_a_cell_is_never_taken_for_another() -> None:
    """Nor one in another cell, nor one that does not ask for it."""

    async def test(house: House, session: Session) -> None:
        for options in ({}, {"reuse": True}, {"cell": "nb#c0#0"}, {"cell": "nb#c9#0", "reuse": True}):
            turn = session.submit("one", **options)
            await answer(turn)
            assert not turn.reused

    checked(test, 7)
