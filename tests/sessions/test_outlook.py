"""What the next question will come to: looked up while somebody looks, of the branch that is shown, without asking anybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from nbchat.core.cost import Price
from nbchat.core.models import Model
from nbchat.sessions.context import left_out_before
from nbchat.sessions.session import Session
from nbchat.testing import Reply, Request
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
            "kept": 0,
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
        assert told(session)["kept"] == 20
        await session.set_parameters({"max_tokens": 100})
        assert told(session)["kept"] == 0
        lease.release()

    live(test, sized, sized, context_length=length_of_100)  # type: ignore[arg-type]


def test_a_price_in_another_currency_is_shown_in_it() -> None:
    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("a" * 40))
        lease = session.lease("view")
        await eventually(lambda: told(session)["price"] == "~€0.01")
        lease.release()

    live(test, sized, price=replace(PRICE, currency="EUR"))  # type: ignore[arg-type]


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


def test_a_listing_that_says_what_the_model_can_read_is_seen_at_once() -> None:
    """The price and the length that a listing brought are in the next outlook, and views are told of it."""
    lengths = [None, 100]

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("a" * 40))
        await eventually(lambda: bool(session.conversation.title))  # of which views are told, too
        lease = session.lease("view")
        await eventually(lambda: session._outlooks._looking is not None and session._outlooks._looking.done())
        assert told(session)["length"] is None
        lengths.pop(0)
        house.signals.clear()
        session.model_listed(Model("tiny", "lab", context_length=100))
        await eventually(lambda: told(session)["length"] == 100)
        assert [signal.name for signal in house.signals] == ["changed"]
        lease.release()

    live(test, sized, price=PRICE, context_length=lambda provider, model: asyncio.sleep(0, lengths[0]))  # type: ignore[arg-type]


def test_what_becomes_known_while_it_is_looked_up_is_looked_up_too() -> None:
    """A listing that comes in this moment is not lost until something else changes."""
    lengths, looking, on = [None, 100], asyncio.Event(), asyncio.Event()

    async def length(_provider: str, _model: str) -> int | None:
        found = lengths[0]
        looking.set()
        await on.wait()
        return found

    async def test(house: House) -> None:
        session = await house.session()
        lease = session.lease("view")
        await looking.wait()
        lengths.pop(0)
        session.model_listed(Model("tiny", "lab", context_length=100))
        on.set()
        await eventually(lambda: told(session)["length"] == 100)
        lease.release()

    live(test, context_length=length)


def test_a_model_that_answers_under_the_name_of_its_version_is_the_same_model() -> None:
    """What it reported is believed, what it taught of tokens is used, and what was left out for it stays left out."""

    def version(request: Request) -> Reply:
        sent = sum(len(message["content"]) for message in request.messages)
        return Reply.text("y" * 40, usage={"prompt_tokens": sent, "completion_tokens": 40}, model="tiny-2024-08-06")

    async def test(house: House) -> None:
        session = await house.session()
        first = await answer(session.submit("a" * 4_000))
        assert first.model == "lab/tiny-2024-08-06"
        lease = session.lease("view")
        await eventually(lambda: told(session)["price"] is not None)
        assert (told(session)["tokens"], told(session)["estimated"]) == (4_040, False)
        await session.set_system("s" * 1_000)
        assert told(session)["tokens"] == pytest.approx(5_040, rel=0.05)  # a token for each character, as it taught
        assert left_out_before([replace(first, omitted=2)], "lab/tiny") == 2
        lease.release()

    live(test, version, price=PRICE)  # type: ignore[arg-type]


def test_it_says_whether_the_model_takes_images_where_that_is_known() -> None:
    """A page warns before a picture is sent; of what nobody says it says nothing."""

    async def test(house: House) -> None:
        session = await house.session()
        lease = session.lease("view")
        await eventually(lambda: told(session).get("sees") is False)
        await session.set_model("lab/other")
        await eventually(lambda: told(session).get("sees") is True)
        await session.set_model("lab/third")
        await eventually(lambda: "sees" not in told(session))
        lease.release()

    live(test, sees=lambda _, model: {"tiny": False, "other": True}.get(model))
