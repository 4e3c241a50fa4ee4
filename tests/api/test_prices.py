"""`nbchat.set_price`: what people say that a model costs, from the next request on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.testing import Reply
from tests.support.apps import running_app

USAGE = {"prompt_tokens": 1_000_000, "completion_tokens": 500_000}


def test_a_price_that_is_set_is_what_the_next_answer_costs() -> None:
    """Also of a model on this machine, whose price nobody could know; taken back, it is unknown again."""
    with running_app(*[Reply.text("hi", usage=USAGE)] * 4):
        session = nbchat.session("notes")
        assert str(session.ask("one").cost) == "–"
        nbchat.set_price("lab/tiny", input="0.10", output=Decimal("0.40"), request=1, currency="EUR")
        assert str(session.ask("two").cost) == "€1.30"
        nbchat.set_price("lab/tiny", input="0.10", output="0.40", tiers={200_000: {"input": "2"}})
        assert str(session.ask("three").cost) == "$2.20"
        assert str(session.cost) == "≥$2.20 + €1.30"
        [row] = json.loads(app().own_prices.path.read_text()).values()
        assert row["dated"] == app().registry.catalogue.today()
        nbchat.set_price("lab/tiny")
        assert str(session.ask("four").cost) == "–"
        assert [record.cost.currency for record in app().background.wait(app().ports.ledger.records())][1] == "EUR"


@pytest.mark.parametrize(
    ("model", "prices", "about"),
    [
        ("lab/tiny", {"input": 0.1}, "0.1 is no price"),
        ("lab/tiny", {"output": "-1"}, "'-1' is no price"),
        ("lab/tiny", {"output": Decimal("NaN")}, "is no price"),
        ("lab/tiny", {"input": 1, "tiers": {"many": {"input": 2}}}, "no number of input tokens"),
        ("lab/tiny", {"input": 1, "tiers": {5: {"inputs": 2}}}, "'inputs' is no price"),
        ("lab/tiny", {"input": 1, "currency": " "}, "currency is empty"),
        ("  ", {"input": 1}, "is empty"),
    ],
)
def test_what_is_no_price_is_refused(model: str, prices: dict[str, Any], about: str) -> None:
    """With what to do; nothing is written."""
    with running_app():
        with pytest.raises(nbchat.UsageError, match=about) as caught:
            nbchat.set_price(model, **prices)
        assert caught.value.hint
        assert not app().own_prices.path.exists()
