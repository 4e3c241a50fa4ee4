"""What went wrong upstream, row G13: a null that beats the real cost, and a price of -1 that makes a cost negative."""

from __future__ import annotations

import json
from decimal import Decimal

from nbchat.core.cost import Price
from nbchat.providers.listing import parse_models
from nbchat.testing import Reply
from tests.support.house import House, answer, live

COUNTS = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


def test_g13_a_null_beside_the_cost_is_no_cost() -> None:
    """The upstream's bill is the gateway's business: what it charges is what was paid. (With one's own key there it is at least
    that, as long as the upstream's bill is null.)"""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert (str(message.cost), message.cost and message.cost.source) == ("$0.25", "provider")
        assert str((await answer(session.submit("hi"))).cost) == "≥$0.01"
        assert str(session.state.cost) == "≥$0.26"

    details = {"cost_details": {"upstream_inference_cost": None}}
    ours = {**COUNTS, "cost": 0.25, "is_byok": False, **details}
    theirs = {**COUNTS, "cost": 0.01, "is_byok": True, **details}
    live(test, Reply.text("fine", usage=ours), Reply.text("fine", usage=theirs))


def test_g13_a_price_of_minus_one_is_unknown() -> None:
    """Catalogues write it for "varies": no credit, also beside a price that is one; and 0 is free, which is known."""

    async def unknown(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        assert (str(message.cost), message.cost and message.cost.certainty) == ("–", "unknown")

    async def free(house: House) -> None:
        message = await answer((await house.session()).submit("hi"))
        assert (str(message.cost), message.cost and message.cost.certainty) == ("$0.00", "reported")

    reply = Reply.text("fine", usage=COUNTS)
    for price in (Price(Decimal(-1), Decimal(2_000_000)), Price(Decimal("NaN"), Decimal(2)), Price(Decimal(-1), Decimal(-1))):
        live(unknown, reply, price=price)
    entries = [{"id": price, "pricing": {"prompt": price, "completion": price}} for price in ("-1", "0")]
    found = parse_models("lab", json.dumps({"data": entries}).encode())
    assert found is not None
    live(unknown, reply, price=found[0].price)
    live(free, reply, price=found[1].price)
