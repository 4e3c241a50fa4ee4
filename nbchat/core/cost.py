"""Money: what a request cost, as far as anybody knows.

Owns the arithmetic (Decimal throughout, in a context of its own) and the one display format; where prices come from is a
provider's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

from nbchat.core.price import Price
from nbchat.core.usage import Certainty, Usage, weakest

__all__ = ["UNKNOWN_COST", "Cost", "Price", "cost_of", "format_cost", "sum_amounts", "sum_cost"]

_MILLION = Decimal(1_000_000)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[])
"""Whatever people set in their own thread's context; what overflows is not finite, and so unknown, instead of an error."""
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_MARKS = {"estimated": "~", "partial": "≥", "reported": "", "unknown": "~"}


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in `currency`, or None where it cannot be known; `source` says whose figure it is.

    A sum over several currencies has the further ones in `others`, as (currency, amount): amounts are never converted.
    An amount that is negative or not finite is none, and one without an amount is of certainty "unknown" whatever was said.
    """

    amount: Decimal | None
    certainty: Certainty = "reported"
    source: str = ""
    currency: str = "USD"
    others: tuple[tuple[str, Decimal], ...] = ()

    def __post_init__(self) -> None:
        if self.amount is None or not self.amount.is_finite() or self.amount < 0:
            object.__setattr__(self, "amount", None)
            object.__setattr__(self, "certainty", "unknown")
            object.__setattr__(self, "others", ())

    def __str__(self) -> str:
        return format_cost(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # the last line of a cell shows an amount; repr() has all there is to know

    @property
    def amounts(self) -> tuple[tuple[str, Decimal], ...]:
        """All of it, as (currency, amount); empty where it is unknown."""
        return () if self.amount is None else ((self.currency, self.amount), *self.others)

    def to_json(self) -> dict[str, Any]:
        """Return the cost as JSON, amounts as strings; `text` is how people read it, so that there is one way of rounding."""
        data: dict[str, Any] = {
            "amount": None if self.amount is None else str(self.amount),
            "certainty": self.certainty,
            "source": self.source,
            "currency": self.currency,
            "text": format_cost(self),
        }
        if self.others:
            data["others"] = {currency: str(amount) for currency, amount in self.others}
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Cost:
        """Return the cost that `to_json` made."""
        amount = data.get("amount")
        return cls(
            None if amount is None else Decimal(amount),
            data.get("certainty", "unknown"),
            data.get("source", ""),
            data.get("currency", "USD"),
            tuple((currency, Decimal(other)) for currency, other in data.get("others", {}).items()),
        )


UNKNOWN_COST = Cost(None, "unknown")


def cost_of(usage: Usage | None, price: Price | None) -> Cost:
    """Price one request's usage: each token once, at the price of the part that it belongs to, else at the input's or output's.

    Unknown (never 0) when a count, or a price that is needed, is missing. Reasoning without a price of its own is output.
    "estimated" at best, when another part has no price of its own (cached tokens at the full price are overstated, sound may be
    understated), and when parts may overlap that nobody told apart (sound that was cached).
    What is free costs nothing for certain, however many tokens it was.
    """
    if (
        usage is None
        or price is None
        or usage.certainty == "unknown"
        or usage.input_tokens is None
        or usage.output_tokens is None
    ):
        return UNKNOWN_COST
    price = price.for_input(usage.input_tokens)
    source = _Piles(usage.input_tokens, price.input)
    source.take(usage.cached_tokens, price.cached)
    source.take(usage.cache_write_tokens, price.cache_write)
    source.take(usage.input_audio_tokens, price.input_audio, overlaps=True)
    source.take(usage.input_image_tokens, price.input_image, overlaps=True)
    answer = _Piles(usage.output_tokens, price.output)
    answer.take(usage.reasoning_tokens, price.output if price.reasoning is None else price.reasoning)
    answer.take(usage.output_audio_tokens, price.output_audio, overlaps=True)
    answer.take(usage.output_image_tokens, price.output_image, overlaps=True)
    with localcontext(_EXACT):
        of_input, of_output = source.amount(), answer.amount()
        if of_input is None or of_output is None:
            return UNKNOWN_COST
        amount = (of_input + of_output) / _MILLION + (price.request or 0)
    guessed = source.guessed or answer.guessed
    certainty = "reported" if price.free else weakest((usage.certainty, "estimated" if guessed else "reported"))
    return Cost(amount, certainty, price.source, price.currency)


class _Piles:
    """The input or the output of a request, taken apart into piles of one price each; `guessed` when that is not certain."""

    def __init__(self, tokens: int, price: Decimal | None) -> None:
        self.guessed = False
        self._left = tokens
        self._price = price
        self._piles: list[tuple[int, Decimal]] = []

    def take(self, tokens: int | None, price: Decimal | None, *, overlaps: bool = False) -> None:
        """Take a part out of the rest; one without a price stays there. One that `overlaps` (sound, images) may have tokens in
        common with the piles before it: never more is taken than there is, so that none is paid twice."""
        if not tokens:
            return
        if price is None:
            self.guessed = True
            return
        taken = min(tokens, self._left)
        self.guessed |= taken < tokens or (overlaps and bool(self._piles) and any(each != price for _, each in self._piles))
        self._piles.append((taken, price))
        self._left -= taken

    def amount(self) -> Decimal | None:
        """Return the price of all piles, times a million; None where one that is not empty has no price."""
        if self._left and self._price is None:
            return None
        return sum((tokens * price for tokens, price in self._piles), self._left * (self._price or Decimal(0)))


def sum_cost(costs: Iterable[Cost | None]) -> Cost:
    """Add costs; unknown ones make the sum "partial" (or unknown when there is nothing else).

    Currencies never mix: the sum is in dollars where there are any, else in the first currency by name, and has the others
    beside it. Nothing is said of a currency in which nothing was paid, where there is another.
    """
    given = [UNKNOWN_COST if cost is None else cost for cost in costs]
    if not given:
        return Cost(Decimal(0))
    totals: dict[str, Decimal] = {}
    with localcontext(_EXACT):
        for cost in given:
            for currency, amount in cost.amounts:
                totals[currency] = totals.get(currency, Decimal(0)) + amount
    if not totals:
        return UNKNOWN_COST
    paid = {currency: amount for currency, amount in totals.items() if amount} or dict([min(totals.items(), key=_usd_first)])
    (currency, amount), *others = sorted(paid.items(), key=_usd_first)
    return Cost(amount, weakest(cost.certainty for cost in given), "", currency, tuple(others))


def sum_amounts(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts of one currency, to the last digit."""
    with localcontext(_EXACT):
        return sum(amounts, Decimal(0))


def _usd_first(total: tuple[str, Decimal]) -> tuple[bool, str]:
    return (total[0] != "USD", total[0])


def format_cost(cost: Cost | None) -> str:
    """Return the amount as people read it: "–" unknown, "~" before estimates, "<$0.0001", 4 decimals below a cent, else 2;
    amounts in several currencies as "$0.12 + €0.03".

    A sum of which a part is unknown is at least what it says, and is shown as "≥".
    """
    if cost is None or cost.amount is None:
        return "–"
    return _joined(_MARKS[cost.certainty], [_amount(currency, amount) for currency, amount in cost.amounts])


def _joined(mark: str, amounts: Sequence[str]) -> str:
    only_tiny = len(amounts) == 1 and amounts[0].startswith("<")
    return ("" if only_tiny else mark) + " + ".join(amounts)


def _amount(currency: str, amount: Decimal) -> str:
    sign = _SIGNS.get(currency, f"{currency} ")
    if amount == 0:
        return f"{sign}0.00"
    if amount < Decimal("0.0001"):
        return f"<{sign}0.0001"
    with localcontext(_EXACT):
        return f"{sign}{amount:.4f}" if amount < Decimal("0.01") else f"{sign}{amount:.2f}"
