"""Catalogue: the models of each provider, listed over HTTP, cached, and served stale when a listing fails.

Owns how long a listing holds (5 min) and when it is dropped (another URL, another key). Must not know the listing's spelling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TypeAlias

from nbchat.core.cost import Price
from nbchat.core.errors import ChatError
from nbchat.core.models import Model, Provider
from nbchat.sessions.ports import Clock, ModelProvider

__all__ = ["Catalogue", "Listing"]

FRESH_SECONDS = 300.0
"""How long a listing is used without asking again."""

_Made: TypeAlias = tuple[Provider, bytes]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a provider offered at `fetched` (seconds since the epoch); `error` is set when these are older models, served
    because asking again failed."""

    models: tuple[Model, ...]
    fetched: float
    error: ChatError | None = None


class Catalogue:
    """Model listings by provider; lives on the background loop. `mark` gives a digest of a provider's key, b"" while it is not
    known: a listing was made for one key."""

    def __init__(
        self,
        clock: Clock,
        find: Callable[[str], ModelProvider],
        *,
        mark: Callable[[Provider], bytes] = lambda _: b"",
        fresh: float = FRESH_SECONDS,
    ) -> None:
        self._clock = clock
        self._find = find
        self._mark = mark
        self._fresh = fresh
        self.on_listing: Callable[[Sequence[Model]], None] = lambda models: None
        """Told the models of each listing that comes."""
        self._held: dict[str, tuple[_Made, Listing, float]] = {}  # for whom, listing, monotonic time of fetching
        self._running: dict[str, asyncio.Task[Listing]] = {}

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.time()

    def today(self) -> str:
        """The day (ISO, UTC) for which a price that is looked up now holds."""
        return _day(self._clock.time())

    async def listing(self, provider_id: str, *, refresh: bool = False) -> Listing:
        """Return a provider's models: cached, asked for, or stale with `error`; raises what asking raised when there is
        nothing older. Callers that come together share one request."""
        endpoint = self._find(provider_id)
        provider = endpoint.provider
        held = self._held.get(provider.id)
        if held is not None and held[0] != (provider, self._mark(provider)):
            self.drop(provider.id)
            held = None
        if held is not None and not refresh and self._clock.monotonic() - held[2] < self._fresh:
            return held[1]
        task = self._running.get(provider.id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(endpoint, provider), name="nbchat-models")
            self._running[provider.id] = task
            task.add_done_callback(lambda done: self._forget(provider.id, done))
        try:
            return await asyncio.shield(task)
        except ChatError as error:
            if held is None:
                raise
            return replace(held[1], error=error)

    def price(self, provider: Provider, model: str) -> Price | None:
        """Return the price in the cached listing, also a stale one; asks nobody."""
        found = self.model(provider, model)
        return None if found is None else found.price

    def model(self, provider: Provider, model: str) -> Model | None:
        """Return the model as the cached listing has it, also a stale one; asks nobody."""
        held = self._held.get(provider.id)
        if held is None or held[0][0] != provider:
            return None
        return next((each for each in held[1].models if each.id == model), None)

    def held(self) -> tuple[Model, ...]:
        """Return the models of every cached listing, also of stale ones; asks nobody."""
        return tuple(model for _, listing, _ in self._held.values() for model in listing.models)

    def drop(self, provider_id: str) -> None:
        """Forget a listing: the provider's key or URL changed. Idempotent."""
        self._held.pop(provider_id, None)
        task = self._running.pop(provider_id, None)
        if task is not None:
            task.cancel()

    async def _fetch(self, endpoint: ModelProvider, provider: Provider) -> Listing:
        before = self._mark(provider)
        models = await endpoint.list_models()
        now = self._clock.time()
        listing = Listing(_dated(models, provider, now), now)
        mark = self._mark(provider)
        if before in (b"", mark):  # else the key changed meanwhile, and nobody knows which one was sent
            self._held[provider.id] = ((provider, mark), listing, self._clock.monotonic())
        self.on_listing(listing.models)
        return listing

    def _forget(self, provider_id: str, task: asyncio.Task[Listing]) -> None:
        if self._running.get(provider_id) is task:
            del self._running[provider_id]
        if not task.cancelled():
            task.exception()  # every waiter may have gone: an error that nobody awaits is no warning


def _dated(models: Sequence[Model], provider: Provider, now: float) -> tuple[Model, ...]:
    day = _day(now)
    source = f"{provider.id} listing"
    return tuple(
        model if model.price is None else replace(model, price=replace(model.price, source=source, dated=day)) for model in models
    )


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).date().isoformat()
