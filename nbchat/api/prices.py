"""Prices that people set: `nbchat.set_price`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from nbchat.app import app
from nbchat.core.errors import UsageError
from nbchat.core.price import RATES, Price, Tier, parse_amount
from nbchat.core.texts import text_of

__all__ = ["set_price"]

Amount: TypeAlias = str | int | Decimal | None


def set_price(
    model: str,
    *,
    input: Amount = None,
    output: Amount = None,
    cached: Amount = None,
    cache_write: Amount = None,
    reasoning: Amount = None,
    input_audio: Amount = None,
    input_image: Amount = None,
    output_audio: Amount = None,
    output_image: Amount = None,
    request: Amount = None,
    currency: str = "USD",
    tiers: Mapping[int, Mapping[str, Amount]] | None = None,
) -> None:
    """Set what a model costs from the next request on, whatever listings say; without any price, take that back.

        nbchat.set_price("lab/tiny", input="0.10", output="0.40", tiers={200_000: {"input": "0.20"}})

    `model` is "provider/model", or a model's id for all providers. Prices are per million tokens, `request` is a fee per
    request, each as text, a whole number or a Decimal (a float has lost digits already). A part without a price of its own
    (`cached`, `cache_write`, `input_audio`, `input_image`; `reasoning`, `output_audio`, `output_image`) costs as much as the
    `input` or `output` that it belongs to; an input or output without one is unknown, and so is what an answer costs then:
    write 0 for what is free. `tiers` are other prices for requests of more than so many input tokens; `currency` is a code,
    such as "EUR". Saved in prices.json beside the database, which may be edited by hand. Raises UsageError for what is no
    price, ConfigError where the file cannot be written.
    """
    given = {
        "input": input,
        "output": output,
        "cached": cached,
        "cache_write": cache_write,
        "reasoning": reasoning,
        "input_audio": input_audio,
        "input_image": input_image,
        "output_audio": output_audio,
        "output_image": output_image,
        "request": request,
    }
    name = text_of(model, "A model's name").strip()
    if not name:
        raise UsageError("The name of the model is empty.", hint='Write "provider/model".')
    money = text_of(currency, "A currency").strip()
    if not money:
        raise UsageError("The currency is empty.", hint='Write its code: "USD".')
    amounts = _amounts(given)
    bounds = tuple(Tier(_bound(above), Price(**_amounts(rates))) for above, rates in sorted((tiers or {}).items()))
    price = Price(**amounts, currency=money, tiers=bounds) if amounts or bounds else None
    app().set_price(name, price)


def _amounts(given: Mapping[str, Amount]) -> dict[str, Any]:
    amounts = {}
    for name, value in given.items():
        if name not in RATES and name != "request":
            raise UsageError(f"{name!r} is no price.", hint=f"Choose from: {', '.join((*RATES, 'request'))}.")
        if value is None:
            continue
        amounts[name] = parse_amount(value)
        if amounts[name] is None:
            hint = 'Write it as text, "0.10": a float has lost digits.' if isinstance(value, float) else "Use a number from 0 up."
            raise UsageError(f"{value!r} is no price ({name}).", hint=hint)
    return amounts


def _bound(above: object) -> int:
    if not isinstance(above, int) or isinstance(above, bool) or above < 0:
        raise UsageError(f"{above!r} is no number of input tokens.", hint='tiers={200_000: {"input": "0.20"}}')
    return above
