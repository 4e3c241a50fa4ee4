"""Money: what a request cost, as far as anybody knows.

Owns the arithmetic (Decimal throughout) and the one display format; where prices come from is a provider's matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from nbchat.core.usage import Certainty, Usage, weakest

__all__ = ["UNKNOWN_COST", "Cost", "Price", "cost_of", "format_cost", "format_price", "parse_amount", "sum_cost"]

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: US dollars per million tokens, and a fee per request; None is unknown.

    `source` names where the numbers come from and `dated` the day (ISO) they were true; both are stored with each request.
    A negative or non-finite number is no price (catalogues write -1 for "varies") and becomes None.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    request: Decimal | None = None
    source: str = ""
    dated: str = ""
    currency: str = "USD"

    def __post_init__(self) -> None:
        for name in ("input", "output", "cached", "cache_write", "request"):
            value = getattr(self, name)
            if value is not None and (not value.is_finite() or value < 0):
                object.__setattr__(self, name, None)

    def to_json(self) -> dict[str, Any]:
        """Return the price as JSON, numbers as strings so that no digit is lost."""
        return {n: (str(v) if isinstance(v, Decimal) else v) for n in self.__slots__ if (v := getattr(self, n)) is not None}


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in `currency`, or None where it cannot be known; `source` says whose figure it is.

    An amount that is negative or not finite is none, and one without an amount is of certainty "unknown" whatever was said.
    """

    amount: Decimal | None
    certainty: Certainty = "reported"
    source: str = ""
    currency: str = "USD"

    def __post_init__(self) -> None:
        if self.amount is None or not self.amount.is_finite() or self.amount < 0:
            object.__setattr__(self, "amount", None)
            object.__setattr__(self, "certainty", "unknown")

    def __str__(self) -> str:
        return format_cost(self)

    def to_json(self) -> dict[str, Any]:
        """Return the cost as JSON, the amount as a string."""
        return {
            "amount": None if self.amount is None else str(self.amount),
            "certainty": self.certainty,
            "source": self.source,
            "currency": self.currency,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Cost:
        """Return the cost that `to_json` made."""
        amount = data.get("amount")
        return cls(
            None if amount is None else Decimal(amount),
            data.get("certainty", "unknown"),
            data.get("source", ""),
            data.get("currency", "USD"),
        )


UNKNOWN_COST = Cost(None, "unknown")


def cost_of(usage: Usage | None, price: Price | None) -> Cost:
    """Price one request's usage: cached and cache-write tokens at their own price, the rest of the input at the input's.

    Unknown (never 0) when a price that is needed or a count is missing; a cached price that is missing falls back to
    the input price, which can only overstate, so the result is then "estimated".
    """
    if usage is None or price is None or usage.input_tokens is None or usage.output_tokens is None:
        return UNKNOWN_COST
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    fresh = max(usage.input_tokens - cached - written, 0)
    parts = (
        (fresh, price.input),
        (cached, price.input if price.cached is None else price.cached),
        (written, price.input if price.cache_write is None else price.cache_write),
        (usage.output_tokens, price.output),
    )
    if any(count and each is None for count, each in parts):
        return UNKNOWN_COST
    amount = sum((count * each for count, each in parts if each is not None), Decimal(0)) / _MILLION
    guessed = (cached and price.cached is None) or (written and price.cache_write is None)
    certainty = weakest((usage.certainty, "estimated" if guessed else "reported"))
    return Cost(amount + (price.request or 0), certainty, price.source, price.currency)


def sum_cost(costs: Iterable[Cost | None]) -> Cost:
    """Add costs; unknown ones make the sum "partial" (or unknown when there is nothing else), currencies never mix.

    Raises ValueError when the known amounts are in different currencies.
    """
    given = [UNKNOWN_COST if cost is None else cost for cost in costs]
    known = [cost for cost in given if cost.amount is not None]
    currencies = {cost.currency for cost in known}
    if len(currencies) > 1:
        raise ValueError(f"cannot add amounts in different currencies: {', '.join(sorted(currencies))}")
    if not known:
        return UNKNOWN_COST if given else Cost(Decimal(0))
    total = sum((cost.amount for cost in known if cost.amount is not None), Decimal(0))
    return Cost(total, weakest(cost.certainty for cost in given), "", currencies.pop())


def format_cost(cost: Cost | None) -> str:
    """Return the amount as people read it: "–" unknown, "~" before estimates, "<$0.0001", 4 decimals below a cent, else 2.

    A sum of which a part is unknown is at least what it says, and is shown as "≥".
    """
    if cost is None or cost.amount is None:
        return "–"
    sign = "$" if cost.currency == "USD" else f"{cost.currency} "
    mark = {"estimated": "~", "partial": "≥", "reported": "", "unknown": "~"}[cost.certainty]
    amount = cost.amount
    if amount == 0:
        return f"{mark}{sign}0.00"
    if amount < Decimal("0.0001"):
        return f"<{sign}0.0001"
    return f"{mark}{sign}{amount:.4f}" if amount < Decimal("0.01") else f"{mark}{sign}{amount:.2f}"


def format_price(price: Price | None, name: str) -> str:
    """Return one of a price's numbers (per million tokens) without needless zeros, "–" where it is unknown."""
    value: Decimal | None = None if price is None else getattr(price, name)
    return "–" if value is None else f"{value.normalize():f}"


def parse_amount(value: Any) -> Decimal | None:
    """Return a provider's number as a Decimal; null, negative, not finite and everything that is no number are unknown."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
