"""Price: what a model costs, dated and with its source, and how it is written as JSON and for people.

Owns the rule that what is negative, not finite or missing is unknown. Where prices come from is a provider's matter, what a
request then costs `cost`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["RATES", "Price", "Tier", "format_price", "parse_amount"]

RATES = (
    "input",
    "output",
    "cached",
    "cache_write",
    "reasoning",
    "input_audio",
    "input_image",
    "output_audio",
    "output_image",
)
"""The fields of a price that are per million tokens."""
_DIGITS = 40
_LARGEST = 15


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs per million tokens in `currency`, and a fee per `request`; None is unknown.

    `cached`, `cache_write`, `input_audio` and `input_image` are prices of parts of the input, `reasoning`, `output_audio` and
    `output_image` of parts of the output, where they have their own. `tiers`, lowest first, hold for longer inputs. `source`
    names where the numbers come from and `dated` the day (ISO) they were true; both are stored with each request.
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
    reasoning: Decimal | None = None
    input_audio: Decimal | None = None
    input_image: Decimal | None = None
    output_audio: Decimal | None = None
    output_image: Decimal | None = None
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        for name in (*RATES, "request"):
            value = getattr(self, name)
            if value is not None and (not value.is_finite() or value < 0):
                object.__setattr__(self, name, None)

    @property
    def free(self) -> bool:
        """Whether nothing costs anything, however much it is."""
        others = (getattr(self, name) for name in (*RATES, "request"))
        return self.input == 0 and self.output == 0 and not any(others) and not self.tiers

    def for_input(self, tokens: int) -> Price:
        """Return the price, without tiers, of a request with so many input tokens: the highest tier that it is above holds for
        all of its tokens, input and output, and what that tier does not name stays (the tiers of OpenAI, Google, Anthropic and
        genai-prices)."""
        if not self.tiers:
            return self
        named: dict[str, Any] = {}
        for tier in sorted(self.tiers, key=lambda tier: tier.above):
            if tokens > tier.above:
                named.update((name, value) for name in RATES if (value := getattr(tier.prices, name)) is not None)
        return replace(self, **named, tiers=())

    def to_json(self) -> dict[str, Any]:
        """Return the price as JSON, numbers as strings so that no digit is lost."""
        plain = {n: getattr(self, n) for n in self.__slots__ if n != "tiers"}
        data = {n: (str(v) if isinstance(v, Decimal) else v) for n, v in plain.items() if v is not None}
        if self.tiers:
            data["tiers"] = [tier.to_json() for tier in self.tiers]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Price:
        """Return the price that `to_json` made; unknown members are ignored."""
        values: dict[str, Any] = {name: parse_amount(data.get(name)) for name in (*RATES, "request")}
        values.update((name, data[name]) for name in ("source", "dated", "currency") if name in data)
        return cls(**values, tiers=tuple(Tier(tier["above"], cls.from_json(tier)) for tier in data.get("tiers", ())))


@dataclass(frozen=True, slots=True)
class Tier:
    """The prices per million tokens of a request with more than `above` input tokens; None: as below it."""

    above: int
    prices: Price

    def to_json(self) -> dict[str, Any]:
        """Return the bound and the prices as JSON."""
        prices = self.prices.to_json()
        return {"above": self.above, **{name: prices[name] for name in RATES if name in prices}}


def format_price(price: Price | None, name: str) -> str:
    """Return one of a price's numbers (per million tokens) without needless zeros, "–" where it is unknown."""
    value: Decimal | None = None if price is None else getattr(price, name)
    return "–" if value is None else f"{value.normalize():f}"


def parse_amount(value: Any) -> Decimal | None:
    """Return a provider's number as a Decimal; null, negative, not finite and everything that is no number are unknown, and so
    is what no price can be (1E+999999 is a megabyte once it is written out).

    A float says nothing either: what it stood for is lost already.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        amount = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    if not amount.is_finite() or amount < 0:
        return None
    if not amount:
        return amount if abs(amount.adjusted()) < _DIGITS else Decimal(0)
    return amount if -_DIGITS < amount.adjusted() < _LARGEST else None
