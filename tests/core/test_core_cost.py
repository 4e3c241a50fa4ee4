"""Money: the arithmetic against an independent one, and the one way of showing it."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.cost import UNKNOWN_COST, Cost, Price, cost_of, format_cost, format_price, sum_cost
from nbchat.core.usage import Certainty, Usage

BILLIONTH = Fraction(1, 10**9)


def prices(r: random.Random) -> Price:
    def one(chance: float) -> Decimal | None:
        return Decimal(r.randrange(0, 10**8)) / 10**6 if r.random() < chance else None

    return Price(one(0.95), one(0.95), one(0.7), one(0.5), one(0.2), "test", "2026-01-01")


def usages(r: random.Random) -> Usage:
    read, said = r.randrange(0, 10 ** r.randrange(1, 7)), r.randrange(0, 10 ** r.randrange(1, 6))
    cached = r.randrange(0, read + 1) if r.random() < 0.6 else None
    written = r.randrange(0, read - (cached or 0) + 1) if r.random() < 0.4 else None
    thought = r.randrange(0, said + 1) if r.random() < 0.5 else None
    return (
        Usage(read if r.random() < 0.97 else None, None, None, said)
        if r.random() < 0.1
        else Usage(read, cached, written, said, thought)
    )


def by_hand(usage: Usage, price: Price) -> Fraction | None:
    """The same question answered otherwise: each token is put into one pile, and the piles are priced in exact fractions."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    piles = {
        "cached": usage.cached_tokens or 0,
        "written": usage.cache_write_tokens or 0,
        "output": usage.output_tokens,
    }
    piles["fresh"] = usage.input_tokens - piles["cached"] - piles["written"]
    rates = {
        "fresh": price.input,
        "cached": price.cached if price.cached is not None else price.input,
        "written": price.cache_write if price.cache_write is not None else price.input,
        "output": price.output,
    }
    total = Fraction(0) if price.request is None else Fraction(price.request)
    for pile, tokens in piles.items():
        rate = rates[pile]
        if tokens and rate is None:
            return None
        total += Fraction(tokens, 1_000_000) * Fraction(rate or 0)
    return total


def test_a_thousand_random_requests_cost_what_an_independent_computation_says() -> None:
    """To a billionth of a dollar; what one cannot price the other cannot either, and that is never 0."""
    r = random.Random(20260101)  # a fixed seed: the same thousand each time
    priced = 0
    for _ in range(1000):
        usage, price = usages(r), prices(r)
        cost, expected = cost_of(usage, price), by_hand(usage, price)
        if expected is None:
            assert cost == UNKNOWN_COST
        else:
            assert cost.amount is not None
            assert abs(Fraction(cost.amount) - expected) <= BILLIONTH
            priced += 1
    assert priced > 800


def test_cached_tokens_are_priced_once() -> None:
    """1,000 tokens of which 900 were cached: 100 at the full price, 900 at a tenth."""
    usage, price = Usage(1000, cached_tokens=900, output_tokens=0), Price(Decimal(10), Decimal(0), cached=Decimal(1))
    assert cost_of(usage, price).amount == Decimal("0.0019")


def test_reasoning_tokens_are_paid_as_output_and_not_twice() -> None:
    """They are a part of the output."""
    price = Price(Decimal(1), Decimal(1_000_000))
    thinking = Usage(0, output_tokens=5, reasoning_tokens=4)
    assert cost_of(thinking, price) == cost_of(Usage(0, output_tokens=5), price)
    assert cost_of(thinking, price).amount == 5


def test_a_missing_cache_price_falls_back_to_the_inputs_and_says_so() -> None:
    """The guess can only overstate; the result is an estimate."""
    price = Price(Decimal(2), Decimal(2))
    assert cost_of(Usage(10, cached_tokens=5, output_tokens=0), price).certainty == "estimated"
    assert cost_of(Usage(10, cache_write_tokens=5, output_tokens=0), price).certainty == "estimated"
    assert cost_of(Usage(10, cached_tokens=0, output_tokens=0), price).certainty == "reported"


@pytest.mark.parametrize("certainty", ["reported", "estimated", "partial"])
def test_a_cost_is_as_certain_as_the_usage_behind_it(certainty: Certainty) -> None:
    """Estimated tokens make an estimated amount."""
    cost = cost_of(Usage(1, output_tokens=1, certainty=certainty), Price(Decimal(1), Decimal(1), source="s"))
    assert (cost.certainty, cost.source) == (certainty, "s")


def test_a_price_that_is_not_needed_may_be_unknown() -> None:
    """No output, no output price; a fee per request is added."""
    assert cost_of(Usage(1_000_000, output_tokens=0), Price(Decimal(3), None, request=Decimal("0.5"))).amount == Decimal("3.5")
    assert cost_of(Usage(0, output_tokens=0), Price()).amount == 0


@pytest.mark.parametrize(
    ("usage", "price"), [(None, Price()), (Usage(1, output_tokens=1), None), (Usage(1), Price(Decimal(1), Decimal(1)))]
)
def test_what_cannot_be_known_is_unknown(usage: Usage | None, price: Price | None) -> None:
    """No usage, no price, or half a count."""
    assert cost_of(usage, price) == UNKNOWN_COST


@pytest.mark.parametrize("bad", ["-1", "NaN", "Infinity", "-Infinity", "sNaN"])
def test_no_price_and_no_amount_is_negative_or_endless(bad: str) -> None:
    """Catalogues write -1 for "varies": unknown, never a credit."""
    assert Price(Decimal(bad), output=Decimal(1)) == Price(None, output=Decimal(1))
    assert Cost(Decimal(bad)) == UNKNOWN_COST
    assert format_cost(Cost(Decimal(bad))) == "–"


def test_a_price_keeps_every_digit_in_json() -> None:
    """Numbers are strings there; unknown ones are absent."""
    price = Price(Decimal("0.10"), source="s", dated="2026-01-01")
    assert price.to_json() == {"input": "0.10", "source": "s", "dated": "2026-01-01", "currency": "USD"}


amounts = st.decimals(min_value=0, max_value=1000, places=8)
costs = st.none() | st.builds(Cost, st.none() | amounts, st.sampled_from(["reported", "estimated", "partial"]))


@given(costs.filter(bool))
def test_a_cost_survives_json(cost: Cost) -> None:
    """The ledger keeps amounts to the last digit."""
    assert Cost.from_json(cost.to_json()) == cost


@given(st.lists(costs, max_size=10))
def test_a_sum_adds_what_is_known_and_admits_what_is_not(given_costs: list[Cost | None]) -> None:
    """Something unknown makes it partial, everything unknown makes it unknown, nothing at all is 0."""
    total = sum_cost(given_costs)
    known = [cost for cost in given_costs if cost is not None and cost.amount is not None]
    if given_costs and not known:
        assert total == UNKNOWN_COST
        return
    assert total.amount == sum(cost.amount for cost in known if cost.amount is not None)
    if len(known) < len(given_costs):
        assert total.certainty == "partial"
    elif all(cost.certainty == "reported" for cost in known):
        assert total.certainty == "reported"
    else:
        assert total.certainty != "reported"


def test_an_amount_that_is_none_is_unknown_in_a_sum_whatever_it_called_itself() -> None:
    """A cost without an amount must not pass for a reported one."""
    assert sum_cost([Cost(None, "reported"), Cost(Decimal(1))]).certainty == "partial"


def test_currencies_are_never_mixed() -> None:
    """Euros and dollars make an error, and unknown amounts of either make none."""
    with pytest.raises(ValueError, match="EUR, USD"):
        sum_cost([Cost(Decimal(1)), Cost(Decimal(1), currency="EUR")])
    assert sum_cost([Cost(Decimal(1), currency="EUR"), UNKNOWN_COST]).currency == "EUR"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.00000001", "<$0.0001"),
        ("0.0000999", "<$0.0001"),
        ("0.0001", "$0.0001"),
        ("0.00123", "$0.0012"),
        ("0.0099", "$0.0099"),
        ("0.01", "$0.01"),
        ("0.126", "$0.13"),
        ("12.3", "$12.30"),
        ("1234.5", "$1234.50"),
    ],
)
def test_amounts_are_shown_by_one_rule(amount: str, shown: str) -> None:
    """ "<$0.0001", 4 decimals below a cent, else 2."""
    cost = Cost(Decimal(amount))
    assert format_cost(cost) == str(cost) == shown


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (None, "–"),
        (UNKNOWN_COST, "–"),
        (Cost(Decimal("0.5"), "estimated"), "~$0.50"),
        (Cost(Decimal("0.5"), "partial"), "≥$0.50"),
        (Cost(Decimal("0.5"), "reported", currency="EUR"), "EUR 0.50"),
        (Cost(Decimal("0.00001"), "estimated", currency="EUR"), "<EUR 0.0001"),
    ],
)
def test_what_is_unknown_estimated_or_partial_is_marked(cost: Cost | None, shown: str) -> None:
    """A dash, a tilde, an at-least; other currencies by their names."""
    assert format_cost(cost) == shown


@given(amounts, st.sampled_from(["reported", "estimated", "partial"]))
def test_a_cost_is_never_shown_as_free_unless_it_is(amount: Decimal, certainty: Certainty) -> None:
    """Rounding must not make 0 of something."""
    shown = format_cost(Cost(amount, certainty))
    assert ("0.00" in shown and not any(digit in shown for digit in "123456789")) == (amount == 0)


def test_prices_are_shown_without_needless_zeros() -> None:
    """Per million tokens; a dash where unknown."""
    price = Price(Decimal("2.50"), Decimal(100), cached=Decimal("0.000"))
    assert [format_price(price, name) for name in ("input", "output", "cached", "request")] == ["2.5", "100", "0", "–"]
    assert format_price(None, "input") == "–"
