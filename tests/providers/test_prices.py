"""The price book: its sources in their order, and genai-prices as a peer that computes costs otherwise."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import genai_prices
from genai_prices import data_snapshot
from genai_prices.types import TieredPrices

from nbchat.core.cost import cost_of
from nbchat.core.errors import ConfigError
from nbchat.core.models import Provider
from nbchat.core.price import Price
from nbchat.core.usage import Usage
from nbchat.providers.catalogue import Catalogue
from nbchat.providers.making import make_provider
from nbchat.providers.price_file import PriceFile
from nbchat.providers.prices import Prices, _base, _tiers
from nbchat.sessions.ports import ModelProvider
from tests.support.clock import ManualClock

MODELS = (
    ("https://api.openai.com/v1", "gpt-4o-mini"),
    ("https://api.openai.com/v1", "gpt-realtime"),
    ("https://api.openai.com/v1", "gpt-5"),
    ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-pro"),
    ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash"),
    ("https://api.anthropic.com/v1", "claude-sonnet-4-5"),
    ("https://api.perplexity.ai", "sonar-deep-research"),
    ("https://api.perplexity.ai", "sonar-pro"),
    ("https://api.x.ai/v1", "grok-4"),
    ("https://api.deepseek.com", "deepseek-chat"),
)
"""Cached and written tokens, sound, images, reasoning, tiers, request fees, times of day."""


def nobody(_id: str) -> ModelProvider:
    raise ConfigError("nobody is asked")


def prices(path: Path | None = None, clock: ManualClock | None = None) -> Prices:
    return Prices(Catalogue(clock or ManualClock(), nobody), None if path is None else PriceFile(path))


def price_of(base_url: str, model: str, clock: ManualClock | None = None) -> Price:
    found = asyncio.run(prices(clock=clock).price(Provider("x", base_url), model))
    assert found is not None
    return found


def test_people_know_best(tmp_path: Path) -> None:
    """Their own price wins over what ships with the package, and is the only one of a server on this machine."""
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"openai/gpt-4o-mini": {"input": "7"}, "local": {"output": "0"}}))
    openai, _ = make_provider("openai")
    book = prices(path)

    async def main() -> tuple[Price | None, ...]:
        near = Provider("lab", "http://127.0.0.1:1/v1")
        return (
            await book.price(openai, "gpt-4o-mini"),
            await book.price(near, "local"),
            await book.price(near, "gpt-4o-mini"),
        )

    mine, free, unknown = asyncio.run(main())
    assert mine is not None
    assert (mine.input, mine.output, mine.source) == (Decimal(7), None, "prices.json")
    assert free is not None
    assert free.output == 0
    assert unknown is None


def test_tiers_come_along() -> None:
    """With the whole price of an input above each bound."""
    price = price_of("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-pro")
    assert (price.input, price.output, price.source) == (Decimal("1.25"), Decimal(10), f"genai-prices {genai_prices.__version__}")
    assert price.for_input(200_000).input == Decimal("1.25")
    assert (price.for_input(200_001).input, price.for_input(200_001).output) == (Decimal("2.5"), Decimal(15))


def test_a_price_of_the_hour_is_the_one_of_the_hour() -> None:
    """DeepSeek had two a day; a price that is asked for later is another one."""
    changing = [
        model
        for provider in data_snapshot.get_snapshot().providers
        if provider.id == "deepseek"
        for model in provider.models
        if isinstance(model.prices, list) and any(hasattr(price.constraint, "start_time") for price in model.prices)
    ]
    assert changing
    seen = Counter(
        price_of("https://api.deepseek.com", model.id, ManualClock(1_760_000_000.0 + 3600 * hour)).input
        for model in changing
        for hour in range(24)
    )
    assert len(seen) > len(changing)


def usage_for(r: random.Random) -> Usage:
    """Parts of the input that are apart from each other: what overlaps, genai-prices refuses to price."""
    source = r.choice([r.randrange(0, 1000), r.randrange(0, 200_001), r.randrange(200_001, 10**6)])
    answer = r.randrange(0, 10**5)
    kind = r.choice(["cached", "sound", "image", "plain"])
    cached, written = (r.randrange(0, source + 1), 0) if kind == "cached" else (None, None)
    if cached is not None:
        written = r.randrange(0, source - cached + 1)
    return Usage(
        source,
        cached,
        written,
        answer,
        r.choice([None, r.randrange(0, answer + 1)]),
        input_audio_tokens=r.randrange(0, source + 1) if kind == "sound" else None,
        input_image_tokens=r.randrange(0, source + 1) if kind == "image" else None,
    )


def test_a_thousand_usages_cost_what_genai_prices_computes() -> None:
    """To a billionth of a dollar, at the same moment: cached, written, sound, images, reasoning, tiers and fees."""
    r, clock, compared = random.Random(7), ManualClock(), 0
    moment = datetime.fromtimestamp(clock.time(), timezone.utc)
    known = {(url, model): price_of(url, model, clock) for url, model in MODELS}
    for _ in range(1000):
        (url, model), usage = r.choice(MODELS), usage_for(r)
        theirs = genai_prices.calc_price(
            genai_prices.Usage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cached_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                input_audio_tokens=usage.input_audio_tokens,
                input_image_tokens=usage.input_image_tokens,
                output_reasoning_tokens=usage.reasoning_tokens,
            ),
            model,
            provider_api_url=url,
            genai_request_timestamp=moment,
        )
        ours = cost_of(usage, known[url, model])
        assert ours.amount is not None
        assert abs(Fraction(ours.amount) - Fraction(theirs.total_price)) <= Fraction(1, 10**9), (model, usage)
        compared += 1
    assert compared == 1000
    assert any(price.tiers for price in known.values())
    assert any(price.request for price in known.values())
    assert any(price.reasoning for price in known.values())


def test_every_tier_of_the_package_is_understood() -> None:
    """Whatever its bounds: at and above each one, each price is what the package says."""
    checked = 0
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            found = model.prices if not isinstance(model.prices, list) else model.prices[-1].prices
            theirs = found.input_mtok
            if not isinstance(theirs, TieredPrices):
                continue
            ours = Price(_base(theirs), _base(found.output_mtok), tiers=_tiers(found))
            for start in (tier.start for tier in theirs.tiers):
                for tokens in (start, start + 1):
                    reached = [tier.price for tier in theirs.tiers if tokens > tier.start]
                    assert ours.for_input(tokens).input == (reached or [theirs.base])[-1]
                    checked += 1
    assert checked > 100
