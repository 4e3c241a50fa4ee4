"""Money: the arithmetic against an independent one, and the one way of showing it."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import ROUND_UP, Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.lib.pretty import pretty

from nbchat.core.cost import UNKNOWN_COST, Cost, cost_of, format_cost, sum_cost
from nbchat.core.price import Price, Tier
from nbchat.core.usage import Certainty, Usage

BILLIONTH = Fraction(1, 10**9)
PARTS = {
    "input_tokens": ("cached_tokens", "cache_write_tokens", "input_audio_tokens", "input_image_tokens"),
    "output_tokens": ("reasoning_tokens", "output_audio_tokens", "output_image_tokens"),
}
"""What each count is made of; the rest is plain text."""
PRICE_OF = {
    "input_tokens": "input",
    "cached_tokens": "cached",
    "cache_write_tokens": "cache_write",
    "input_audio_tokens": "input_audio",
    "input_image_tokens": "input_image",
    "output_tokens": "output",
    "reasoning_tokens": "reasoning",
    "output_audio_tokens": "output_audio",
    "output_image_tokens": "output_image",
}


def prices(r: random.Random) -> Price:
    """Some numbers are missing, some are what catalogues write for "varies"."""

    def one(chance: float) -> Decimal | None:
        known = Decimal(r.randrange(0, 10**8)) / 10**6
        return r.choice([Decimal(-1), Decimal("NaN")]) if r.random() < 0.02 else known if r.random() < chance else None

    def rates() -> dict[str, Decimal | None]:
        return {name: one(0.97 if name in ("input", "output") else 0.6) for name in PRICE_OF.values()}

    bounds = sorted(r.sample(range(1, 10**6), r.choice([0, 0, 1, 2])))
    tiers = tuple(Tier(bound, Price(**rates())) for bound in bounds)  # type: ignore[arg-type]
    return Price(**rates(), request=one(0.2), source="test", tiers=tiers)  # type: ignore[arg-type]


def usages(r: random.Random) -> Usage:
    """Of each part some; the parts of a count are apart from each other, as providers count."""
    counts: dict[str, int | None] = {}
    for whole, parts in PARTS.items():
        left = counts[whole] = r.randrange(0, 10 ** r.randrange(1, 7))
        for part in parts:
            if r.random() < 0.5:
                counts[part] = r.randrange(0, left + 1)
                left -= counts[part] or 0
        if r.random() < 0.03:
            counts.update(dict.fromkeys((whole, *parts)))
    return Usage(**counts)  # type: ignore[arg-type]


def by_hand(usage: Usage, price: Price) -> Fraction | None:
    """The same question answered otherwise: each token is put into one pile, and the piles are priced in exact fractions."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    rates = {name: getattr(price, name) for name in PRICE_OF.values()}
    for tier in price.tiers:
        if usage.input_tokens > tier.above:
            rates.update((name, value) for name in rates if (value := getattr(tier.prices, name)) is not None)
    total = Fraction(0) if price.request is None else Fraction(price.request)
    for whole, parts in PARTS.items():
        piles = {part: getattr(usage, part) or 0 for part in parts}
        piles[whole] = getattr(usage, whole) - sum(piles.values())
        for pile, tokens in piles.items():
            rate = rates[PRICE_OF[pile]]
            rate = rates[PRICE_OF[whole]] if rate is None else rate
            if tokens and rate is None:
                return None
            total += Fraction(tokens, 1_000_000) * Fraction(rate or 0)
    return total


def test_a_thousand_random_usages_cost_what_an_independent_computation_says() -> None:
    """To a billionth of a dollar; what one cannot price the other cannot either, and that is never 0."""
    r = random.Random(20260101)  # a fixed seed: the same thousand each time
    priced, tiered = 0, 0
    for _ in range(1000):
        usage, price = usages(r), prices(r)
        cost, expected = cost_of(usage, price), by_hand(usage, price)
        if expected is None:
            assert cost == UNKNOWN_COST
        else:
            assert cost.amount is not None
            assert abs(Fraction(cost.amount) - expected) <= BILLIONTH
            priced += 1
            tiered += any((usage.input_tokens or 0) > tier.above for tier in price.tiers)
    assert priced > 800
    assert tiered > 50


counts = st.integers(0, 10**9)


@given(st.data())
def test_no_token_is_paid_twice_whatever_the_parts_say(data: st.DataObject) -> None:
    """Where all prices are one price, the cost is the tokens times that, however much the parts overlap or contradict."""
    source, answer = data.draw(counts), data.draw(counts)
    parts = {part: data.draw(st.none() | st.integers(0, source)) for part in PARTS["input_tokens"]}
    parts |= {part: data.draw(st.none() | st.integers(0, answer)) for part in PARTS["output_tokens"]}
    price = Price(**dict.fromkeys(PRICE_OF.values(), Decimal(1)))  # type: ignore[arg-type]
    cost = cost_of(Usage(source, output_tokens=answer, **parts), price)  # type: ignore[arg-type]
    assert cost.amount == Decimal(source + answer) / 1_000_000


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


@pytest.mark.parametrize(
    ("usage", "price", "certainty"),
    [
        (Usage(10, input_audio_tokens=4, output_tokens=0), {}, "estimated"),
        (Usage(10, input_audio_tokens=4, output_tokens=0), {"input_audio": 3}, "reported"),
        (Usage(10, 5, input_audio_tokens=4, output_tokens=0), {"input_audio": 3, "cached": 1}, "estimated"),
        (Usage(0, output_tokens=9, reasoning_tokens=5), {}, "reported"),
        (Usage(0, output_tokens=9, reasoning_tokens=5), {"reasoning": 1}, "reported"),
        (Usage(0, output_tokens=9, reasoning_tokens=5, output_audio_tokens=4), {"reasoning": 1, "output_audio": 9}, "estimated"),
        (Usage(10, 8, 8, 0), {"cached": 1, "cache_write": 1}, "estimated"),
    ],
)
def test_what_must_be_guessed_is_an_estimate(usage: Usage, price: dict[str, int], certainty: Certainty) -> None:
    """Sound without a price, sound that may have been cached, parts that exceed their whole; reasoning is output by rule."""
    rates = {name: Decimal(value) for name, value in price.items()}
    assert cost_of(usage, Price(Decimal(2), Decimal(2), **rates)).certainty == certainty  # type: ignore[arg-type]


def test_a_cost_of_unknown_usage_is_unknown() -> None:
    """Whatever counts it has."""
    assert cost_of(Usage(1, output_tokens=1, certainty="unknown"), Price(Decimal(1), Decimal(1))) == UNKNOWN_COST


def test_nobodys_decimal_context_changes_an_amount() -> None:
    """People set theirs in the kernel's thread, where sums are made too."""
    third = Cost(Decimal("0.1234567890123456789"))
    with localcontext(Context(prec=2, rounding=ROUND_UP)):
        assert sum_cost([third, third]).amount == Decimal("0.2469135780246913578")
        assert str(Cost(Decimal("1.2345"))) == "$1.23"
        assert cost_of(Usage(123_456, output_tokens=0), Price(Decimal("1.234567"))).amount == Decimal("0.152414703552")


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


def test_currencies_stand_beside_each_other_and_are_never_converted() -> None:
    """Dollars first, the others by name; a currency in which nothing was paid is not spoken of."""
    euros, dollars = Cost(Decimal("0.03"), currency="EUR"), Cost(Decimal("0.12"), "estimated")
    total = sum_cost([euros, Cost(Decimal(1), currency="CNY"), dollars, euros])
    assert total.amounts == (("USD", Decimal("0.12")), ("CNY", Decimal(1)), ("EUR", Decimal("0.06")))
    assert str(total) == "~$0.12 + CNY 1.00 + €0.06"
    assert sum_cost([total, total]).amounts[2] == ("EUR", Decimal("0.12"))
    assert Cost.from_json(total.to_json()) == total
    assert sum_cost([Cost(Decimal(0)), euros]).amounts == (("EUR", Decimal("0.03")),)
    assert sum_cost([euros, UNKNOWN_COST]) == Cost(Decimal("0.03"), "partial", currency="EUR")
    assert str(sum_cost([Cost(Decimal(0)), Cost(Decimal(0), currency="EUR")])) == "$0.00"


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
        (Cost(Decimal("0.5"), "reported", currency="EUR"), "€0.50"),
        (Cost(Decimal("0.00001"), "estimated", currency="EUR"), "<€0.0001"),
    ],
)
def test_what_is_unknown_estimated_or_partial_is_marked(cost: Cost | None, shown: str) -> None:
    """A dash, a tilde, an at-least; other currencies by their signs or names."""
    assert format_cost(cost) == shown


@given(amounts, st.sampled_from(["reported", "estimated", "partial"]))
def test_a_cost_is_never_shown_as_free_unless_it_is(amount: Decimal, certainty: Certainty) -> None:
    """Rounding must not make 0 of something."""
    shown = format_cost(Cost(amount, certainty))
    assert ("0.00" in shown and not any(digit in shown for digit in "123456789")) == (amount == 0)


def test_what_is_free_is_certain_to_cost_nothing() -> None:
    """However the tokens were counted; a single rate that is none, or unknown, makes it a guess again."""
    guess = Usage(10, None, None, 5, None, "estimated")
    free = Price(Decimal(0), Decimal(0))
    assert (cost_of(guess, free).amount, cost_of(guess, free).certainty) == (Decimal(0), "reported")
    assert cost_of(guess, replace(free, reasoning=Decimal(1))).certainty == "estimated"
    assert cost_of(guess, replace(free, request=Decimal("0.01"))).certainty == "estimated"
    assert cost_of(guess, replace(free, output=None)).amount is None


def test_a_cost_displays_as_its_amount() -> None:
    """`s.cost` at the end of a cell shows money."""
    shown = pretty((Cost(Decimal("0.5"), "estimated"), UNKNOWN_COST))  # type: ignore[no-untyped-call]  # untyped
    assert shown == "(~$0.50, –)"
