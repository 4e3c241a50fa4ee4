"""Prices (ports.PriceBook): what a model costs at a provider: what people set themselves, else the provider's own listing, else
genai-prices.

Owns the order of sources. Never guesses across providers: a model behind an unknown URL has no known price. The price data of
genai-prices ship with the package (nothing is downloaded) and are loaded on a thread when first needed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from nbchat.core.errors import ChatError
from nbchat.core.models import DEMO, Provider
from nbchat.core.price import Price, Tier
from nbchat.providers.catalogue import FRESH_SECONDS, Catalogue
from nbchat.providers.presets import preset_of
from nbchat.providers.price_file import PriceFile
from nbchat.providers.urls import is_loopback, origin

__all__ = ["Prices"]

_RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
    "input_audio": "input_audio_mtok",
    "input_image": "input_image_mtok",
    "output_audio": "output_audio_mtok",
    "output_image": "output_image_mtok",
}
"""Our names and those of genai-prices; all are per million tokens."""
_FREE = Price(Decimal(0), Decimal(0), source="demo")
"""Of the demo, also of an answer that was stopped: it is known to cost nothing."""


class Prices:
    """Looks prices up; lives on the background loop."""

    def __init__(self, catalogue: Catalogue, own: PriceFile | None = None) -> None:
        self._catalogue = catalogue
        self._own = own
        self._asked: dict[str, tuple[Provider, float]] = {}

    async def price(self, provider: Provider, model: str, *, ask: bool = True) -> Price | None:
        """Return what the model costs now per million tokens, or None; never raises.

        Where the provider's listing may say (that, and how much the model can read) and does not have the model yet, it is
        fetched: same server, same key, at most 10 s and once in five minutes; unless nobody is to be asked. What runs on this
        machine costs nothing that anybody could know, unless its listing says so or a price was set for it.
        """
        if provider.id == DEMO:
            return _FREE
        if ask:
            await self._get_to_know(provider, model)
        loop = asyncio.get_running_loop()
        if self._own is not None:
            own = await loop.run_in_executor(None, self._own.price, f"{provider.id}/{model}", model)
            if own is not None:
                return own
        found = self._catalogue.price(provider, model)
        if found is not None:
            return found
        if not provider.base_url or is_loopback(origin(provider.base_url)[1]):
            return None
        return await loop.run_in_executor(None, _from_genai_prices, provider.base_url, model, self._catalogue.now())

    async def _get_to_know(self, provider: Provider, model: str) -> None:
        preset = preset_of(provider)
        if not (preset.lists_prices or preset.local) or self._catalogue.model(provider, model) is not None:
            return
        now = self._catalogue.now()
        before, at = self._asked.get(provider.id, (None, 0))
        if before == provider and 0 <= now - at < FRESH_SECONDS:
            return  # a server that lists nothing, or nothing of this model, is not asked with every answer
        self._asked[provider.id] = (provider, now)
        with suppress(ChatError):
            await self._catalogue.listing(provider.id)


def _from_genai_prices(base_url: str, model: str, now: float) -> Price | None:
    """Look the model up at the provider with this URL; the first call loads the data (some 200 to 450 ms of CPU), later ones take
    less than 0.1 ms. Some prices depend on the time of day, so `now` (seconds since the epoch) is when they hold."""
    try:
        import genai_prices

        moment = datetime.fromtimestamp(now, timezone.utc)
        counts = genai_prices.Usage(input_tokens=1, output_tokens=1)
        found = genai_prices.calc_price(counts, model, provider_api_url=base_url, genai_request_timestamp=moment).model_price
        base: dict[str, Any] = {name: _base(getattr(found, theirs)) for name, theirs in _RATES.items()}
        if base["input"] is None and base["output"] is None:
            return None
        per_thousand = _base(found.requests_kcount)
        return Price(
            **base,
            request=None if per_thousand is None else per_thousand / 1000,
            source=f"genai-prices {genai_prices.__version__}",
            dated=moment.date().isoformat(),
            tiers=_tiers(found),
        )  # fmt: skip
    except Exception:  # a price book that is missing, older or broken must not cost an answer
        return None


def _base(price: Any) -> Decimal | None:
    """Return a price below all tiers."""
    base = getattr(price, "base", price)
    return base if isinstance(base, Decimal) else None


def _tiers(found: Any) -> tuple[Tier, ...]:
    """Return the tiers of all prices together: there, each price has its own, and each holds, for all tokens, for an input that
    is longer than where it starts."""
    tiered = {name: price.tiers for name, theirs in _RATES.items() if hasattr(price := getattr(found, theirs), "tiers")}
    bounds = sorted({tier.start for tiers in tiered.values() for tier in tiers})
    return tuple(
        Tier(bound, Price(**{n: t.price for n, ts in tiered.items() for t in ts if t.start == bound})) for bound in bounds
    )
