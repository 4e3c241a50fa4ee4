"""Prices as values: tiers, JSON, what is no price, and how they are shown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.price import RATES, Price, Tier, format_price, parse_amount

rates = st.none() | st.decimals(min_value=0, max_value=1000, places=9)
plain = st.builds(Price, **dict.fromkeys((*RATES, "request"), rates), currency=st.sampled_from(["USD", "EUR"]))


@given(plain, st.dictionaries(st.integers(1, 10**6), plain, max_size=3))
def test_a_price_survives_json(price: Price, tiers: dict[int, Price]) -> None:
    """To the last digit, with its tiers; the ledger keeps it so."""
    only = {name: getattr(price, name) for name in RATES}
    full = Price(
        **only,
        request=price.request,
        source="s",
        dated="2026-01-01",
        currency=price.currency,
        tiers=tuple(Tier(above, Price(**{n: getattr(p, n) for n in RATES})) for above, p in sorted(tiers.items())),
    )
    assert Price.from_json(json.loads(json.dumps(full.to_json()))) == full


def test_a_price_that_was_saved_before_there_were_tiers_is_read() -> None:
    """Old rows stay readable."""
    old = {"input": "0.10", "output": "1E-7", "source": "prices", "dated": "2026-01-01", "currency": "USD"}
    assert Price.from_json(old) == Price(Decimal("0.10"), Decimal("1E-7"), source="prices", dated="2026-01-01")
    assert Price.from_json(old).to_json() == old


@pytest.mark.parametrize(("tokens", "expected"), [(0, 1), (200_000, 1), (200_001, 2), (400_001, 3), (10**9, 3)])
def test_a_tier_holds_for_all_tokens_of_a_longer_input(tokens: int, expected: int) -> None:
    """Above its bound, not at it; what it does not name stays."""
    tiers = (Tier(200_000, Price(Decimal(2))), Tier(400_000, Price(Decimal(3))))
    price = Price(Decimal(1), Decimal(9), request=Decimal("0.5"), source="s", tiers=tiers).for_input(tokens)
    assert price == Price(Decimal(expected), Decimal(9), request=Decimal("0.5"), source="s")


@pytest.mark.parametrize(
    "bad", [None, "", "x", "-1", -1, "NaN", "sNaN", "Infinity", "1E+999999", "1e15", "1E-999999", 0.5, True, [], {}, "٣x"]
)
def test_what_is_no_amount_is_unknown(bad: Any) -> None:
    """Null, words, negative, endless, absurd; a float too, because what was written is lost."""
    assert parse_amount(bad) is None


@pytest.mark.parametrize("good", ["0", "0.00", 0, "0E-99999", "0.00000015", 12, Decimal("1.50"), "1E-7"])
def test_an_amount_keeps_its_digits(good: Any) -> None:
    """Zero is an amount: a free model is not an unknown one."""
    amount = parse_amount(good)
    assert amount == Decimal(good)
    assert amount is not None
    assert len(str(amount)) < 50


def test_prices_are_shown_without_needless_zeros() -> None:
    """Per million tokens; a dash where unknown."""
    price = Price(Decimal("2.50"), Decimal(100), cached=Decimal("0.000"))
    assert [format_price(price, name) for name in ("input", "output", "cached", "request")] == ["2.5", "100", "0", "–"]
    assert format_price(None, "input") == "–"
