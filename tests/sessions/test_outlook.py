"""What the next question will come to: looked up while somebody looks, of the branch that is shown, without asking anybody."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nbchat.core.cost import Price
from nbchat.sessions.session import Session
from nbchat.testing import Reply
from tests.sessions.test_context import filled, length_of_100, sized
from tests.support.house import House, answer, eventually, live

PRICE = Price(Decimal(10), Decimal(20))


def told(session: Session, leaf: str | None = None) -> dict[str, Any]:
    path = (lambda: session.path) if leaf is None else (lambda: session.path_through(leaf))
    outlook = session.outlook(leaf, path)
    assert outlook is not None
    return outlook.to_json()


def test_nothing_is_looked_up_until_somebody_looks() -> None:
    """Then the price and the length come by themselves, and views are told."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("a" * 40))
        assert told(session)["price"] is None
        lease = session.lease("view")
        await eventually(lambda: told(session)["length"] == 100)
        assert told(session) == {
            "tokens": 30,
            "estimated": False,
            "price": "~$0.01",
            "answer": "about 500",
            "length": 100,
            "first": None,
            "omitted": 0,
        }
        assert any(signal.name == "changed" for signal in house.signals)
        lease.release()

    server = live(test, sized, price=PRICE, context_length=length_of_100)  # type: ignore[arg-type]
    assert len(server.requests) == 1


def test_it_follows_the_branch_the_system_prompt_and_the_parameters() -> None:
    """Each view has that of its own branch; what a person changes changes it at once."""

    async def test(house: House) -> None:
        session = await house.session()
        first = await answer(session.submit("a" * 40))
        await answer(session.edit(session.path[0].id, "b" * 80))
        assert told(session)["tokens"] == 40
        assert told(session, first.id)["tokens"] == 30
        await session.set_system("s" * 20)
        assert (told(session)["tokens"], told(session)["estimated"]) == (45, True)
        await session.set_parameters({"max_tokens": 7})
        assert told(session)["answer"] == "up to 7"
        await session.hide(session.path[0].id)
        assert told(session)["tokens"] == 25
        turn = session.submit("c")
        assert session.outlook(None, lambda: session.path) is None
        await answer(turn)
        assert not told(session)["estimated"]

    live(test, sized, sized, sized)  # type: ignore[arg-type]


def test_where_the_oldest_are_left_out_it_says_from_where_on() -> None:
    """And counts only what is sent; without that choice it shows that too much would be."""

    async def test(house: House) -> None:
        session = await filled(house)
        lease = session.lease("view")
        await eventually(lambda: told(session)["length"] == 100)
        await session.set_system("s" * 100)
        assert (told(session)["tokens"], told(session)["omitted"]) == (105, 0)
        await session.set_when_full("drop")
        assert (told(session)["tokens"], told(session)["first"], told(session)["omitted"]) == (25, None, 4)
        await session.set_system("s" * 20)
        await session.set_parameters({"max_tokens": 20})
        assert (told(session)["tokens"], told(session)["first"], told(session)["omitted"]) == (45, session.path[2].id, 2)
        lease.release()

    live(test, sized, sized, context_length=length_of_100)  # type: ignore[arg-type]


def test_a_provider_that_is_gone_has_no_price() -> None:
    """The view says tokens alone."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hi"))
        await house.registry.remove("lab")
        lease = session.lease("view")
        session.facts_changed()
        await eventually(lambda: session._outlooks._looking is None or session._outlooks._looking.done())
        assert (told(session)["price"], told(session)["tokens"] > 0) == (None, True)
        lease.release()

    live(test, Reply.text("Yes."), price=PRICE)
