"""What went wrong with resumable streams upstream, rows L16 to L19: tokens that nobody counted, or that were counted twice, and
money that two programs computed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal

from nbchat.core.cost import Price, format_cost
from nbchat.core.events import TurnEnd
from nbchat.core.usage import Usage
from nbchat.testing import Gate, Reply
from tests.support.clock import settle
from tests.support.house import House, answer, eventually, live

USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
PRICE = Price(Decimal(1_000_000), Decimal(1_000_000))
"""One dollar a token."""


def test_l16_a_stopped_request_has_an_estimate_that_says_so() -> None:
    """Its provider says nothing any more: what was sent and what came are counted here, and marked, in every sum too."""
    gate = Gate()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("q" * 40)
        gate.release(1)
        await eventually(lambda: turn.content.text == "a" * 80)
        await session.stop()
        message = await answer(turn)
        assert message.usage == Usage(10, output_tokens=20, certainty="estimated")
        assert (str(message.cost), str(session.state.cost)) == ("~$30.00", "~$30.00")
        assert [row.usage for row in await house.store.records()] == [message.usage]

    live(test, Reply.text(tokens=["a" * 80, "never"], gate=gate), price=PRICE)


def test_l16_a_stopped_request_can_be_read_on_for_its_figure() -> None:
    """Where that is wanted: the answer ends where it was stopped, and its usage is what the provider reports at its end."""
    gate = Gate()

    async def test(house: House) -> None:
        house.manager._ports = replace(house.ports, drain_seconds=lambda: 30.0)
        session = await house.session()
        turn = session.submit("hi")
        gate.release(1)
        await eventually(lambda: turn.content.text == "one ")
        stopping = asyncio.create_task(session.stop())
        await settle()
        gate.open()
        await stopping
        message = await answer(turn)
        assert (message.text, message.status, message.usage) == ("one ", "stopped", Usage(7, output_tokens=5))
        assert str(message.cost) == "$12.00"

    live(test, Reply.text(tokens=["one ", "two"], usage=USAGE, gate=gate), price=PRICE)


def test_l17_cached_tokens_are_paid_once_and_reasoning_is_paid() -> None:
    """Of 1,000 tokens 900 were cached, at a tenth; reasoning that stands beside the completion is output. The provider's own
    words are kept."""
    counts = {
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 900},
        "completion_tokens_details": {"reasoning_tokens": 90},
    }

    async def test(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        assert message.usage == Usage(1000, 900, output_tokens=100, reasoning_tokens=90)
        assert message.cost is not None
        assert message.cost.amount == Decimal(100 * 10 + 900 * 1 + 100 * 20) / 1_000_000
        assert message.cost.certainty == "reported"
        [row] = await house.store.records()
        assert json.loads(row.raw_usage or "") == counts

    live(test, Reply.text("fine", usage=counts), price=Price(Decimal(10), Decimal(20), cached=Decimal(1)))


def test_l19_money_is_computed_and_rounded_in_one_place() -> None:
    """A page is sent the text of what a request cost, of the answer and of the conversation, as the ledger's row reads."""

    async def test(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        [row] = await house.store.records()
        assert row.cost == message.cost
        end = TurnEnd("t", message, 0, message.cost).to_json()
        assert end["message"]["cost"]["text"] == end["total"]["text"] == format_cost(row.cost) == "$0.12"

    live(test, Reply.text("fine", usage={**USAGE, "cost": 0.125}))
