"""Prices (ports.PriceBook): what a model costs at a provider, from the provider's own listing, else from genai-prices.

Owns the order of sources. Never guesses across providers: a model behind an unknown URL has no known price. The price data of
genai-prices ship with the package (nothing is downloaded) and are loaded on a thread when first needed.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation
from typing import Any

from nbchat.core.cost import Price
from nbchat.core.errors import ChatError
from nbchat.core.models import Provider
from nbchat.providers.catalogue import Catalogue
from nbchat.providers.presets import preset_of
from nbchat.providers.urls import is_loopback, origin

__all__ = ["Prices"]


class Prices:
    """Looks prices up; lives on the background loop."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[tuple[str, str, str], Price | None] = {}

    async def price(self, provider: Provider, model: str) -> Price | None:
        """Return what the model costs now in US dollars per million tokens, or None; never raises.

        Where the provider is known to list prices, its listing is fetched if it is not at hand (same server, same key, at
        most 10 s). A provider on this machine costs nothing that anybody could know.
        """
        found = self._catalogue.price(provider, model)
        if found is None and preset_of(provider).lists_prices:
            try:
                await self._catalogue.listing(provider.id)
            except ChatError:
                pass
            else:
                found = self._catalogue.price(provider, model)
        if found is not None:
            return found
        if not provider.base_url or is_loopback(origin(provider.base_url)[1]):
            return None
        day = self._catalogue.today()
        key = (provider.base_url, model, day)
        if key not in self._known:
            loop = asyncio.get_running_loop()
            self._known[key] = await loop.run_in_executor(None, _from_genai_prices, provider.base_url, model, day)
        return self._known[key]


def _from_genai_prices(base_url: str, model: str, day: str) -> Price | None:
    """Look the model up at the provider with this URL; the first call loads the data (some 200 to 450 ms of CPU)."""
    try:
        import genai_prices

        found = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1, output_tokens=1), model, provider_api_url=base_url
        ).model_price
    except Exception:  # a price book that is missing, older or broken must not cost an answer
        return None
    each, tiered = zip(
        *(_amount(found, name) for name in ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")), strict=True
    )
    per_thousand, _ = _amount(found, "requests_kcount")
    source = f"genai-prices {genai_prices.__version__}" + (", base tier" if any(tiered) else "")
    request = None if per_thousand is None else per_thousand / 1000
    price = Price(each[0], each[1], each[2], each[3], request, source=source, dated=day)
    return None if price.input is None and price.output is None else price


def _amount(prices: Any, name: str) -> tuple[Decimal | None, bool]:
    """Return one price, and whether it is the lowest of several tiers (by the length of the input)."""
    value = getattr(prices, name, None)
    base = getattr(value, "base", value)
    if base is None:
        return None, False
    try:
        return Decimal(str(base)), base is not value
    except InvalidOperation:
        return None, False
