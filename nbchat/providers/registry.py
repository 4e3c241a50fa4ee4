"""ProviderRegistry: the configured providers by id, with one endpoint each, their keys and their listings.

Owns which provider an id means. Lives on the background loop, except `list` and `get`, which any thread may call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from nbchat.core.errors import ConfigError, StorageError
from nbchat.core.models import DEMO, Model, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.capabilities import takes_images
from nbchat.providers.catalogue import Catalogue, Listing
from nbchat.providers.check import Check, check
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.key_function import KeyFunction
from nbchat.providers.keys import Keys
from nbchat.providers.making import make_provider
from nbchat.providers.retry import RetryPolicy
from nbchat.providers.timeouts import Timeouts
from nbchat.providers.unnoted import Unnoted
from nbchat.sessions.ports import Clock, ModelProvider, SettingsStore

__all__ = ["ProviderRegistry", "make_provider"]

_log = logging.getLogger("nbchat.providers")

Factory = Callable[[], tuple[Provider, Secret | None]]
"""Starts a built-in provider on first use (it may block; it runs on a thread) and describes it; called before each request,
so it returns the same thing while its server lives."""


class ProviderRegistry:
    """Providers from the settings store, plus built-in ones whose URL is known only once they are used."""

    def __init__(
        self,
        settings: SettingsStore,
        clock: Clock,
        *,
        keys: Keys | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.keys = keys or Keys()
        self.catalogue = Catalogue(clock, self.get, mark=self.keys.mark)
        self._settings = settings
        self._clock = clock
        self._timeouts = timeouts or Timeouts()
        self._retry = retry or RetryPolicy()
        self._providers: dict[str, Provider] = {}
        self._builtin: dict[str, Factory] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._last_asked: dict[str, str] = {}  # by provider: the id of the question that was noted last
        self._notes: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Read the configured providers from the settings; those added meanwhile stay."""
        for provider in await self._settings.providers():
            self._providers.setdefault(provider.id, provider)

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Let every provider's next requests wait that long."""
        self._timeouts = timeouts
        for endpoint in self._endpoints.values():
            endpoint.set_timeouts(timeouts)

    def add_builtin(self, id: str, factory: Factory, *, name: str = "") -> None:
        """Add a provider that is started by its first request and never saved."""
        self._builtin[id] = factory
        self._providers[id] = Provider(id=id, base_url="", preset=id, name=name or id)

    def add(self, provider: Provider, key: Secret | KeyFunction | None = None) -> None:
        """Use a provider from now on, replacing the one with its id; `key` is kept for this process only.

        Running requests of the replaced one go on; its listing is dropped. Raises ConfigError for the id of a built-in one.
        """
        if provider.id in self._builtin:
            raise ConfigError(f"“{provider.id}” is built in.", hint="Choose another id.")
        self.keys.forget(provider.id)
        if key is not None:
            self.keys.hold(provider, key)
        self._providers[provider.id] = provider
        self.catalogue.drop(provider.id)

    async def save(self, provider: Provider, key: Secret | KeyFunction | None = None) -> None:
        """`add` the provider and write it (never its key) into the settings. What is known of one with its id and its base URL
        (when it was made, what was asked of it, what its server refuses) stays."""
        old = self._providers.get(provider.id)
        if old is not None and old.base_url == provider.base_url:
            provider = replace(
                provider, created=old.created, last_used=old.last_used, last_model=old.last_model, learned=old.learned
            )
        if not provider.created:
            provider = replace(provider, created=self._clock.time())
        self.add(provider, key)
        await self._settings.save_provider(provider)

    async def enable(self, id: str, enabled: bool = True) -> None:
        """Let a provider be asked, or not; raises ConfigError for an unknown or built-in one. Running requests go on."""
        if id in self._builtin:
            raise ConfigError(f"“{id}” is built in and stays.", hint="Choose who answers: nbchat.settings.model = ...")
        self._providers[id] = replace(self._known(id), enabled=enabled)
        await self._settings.update_provider(id, enabled=enabled)

    async def remove(self, id: str) -> None:
        """Forget a provider and its key; raises ConfigError for an unknown or built-in one."""
        if id in self._builtin:
            raise ConfigError(f"“{id}” is built in and stays.", hint="Choose who answers: nbchat.settings.model = ...")
        self._known(id)
        del self._providers[id]
        self.catalogue.drop(id)
        self.keys.forget(id)
        await self._settings.delete_provider(id)
        endpoint = self._endpoints.pop(id, None)
        if endpoint is not None:
            await endpoint.aclose()

    def list(self) -> list[Provider]:
        """Return the configured providers, the demo last."""
        return sorted(self._providers.values(), key=lambda provider: provider.id == DEMO)

    def get(self, id: str) -> ModelProvider:
        """Return the port of a provider; raises ConfigError, with what to do, for an unknown or disabled one."""
        return self.endpoint(id)

    def get_unnoted(self, id: str) -> ModelProvider:
        """Return the port of a provider that is asked without a trace: when, and what model, is remembered nowhere."""
        return Unnoted(self.endpoint(id))

    async def check(self, id: str) -> Check:
        """Test the way to a provider and its key within 5 s, by asking what models it has; raises ConfigError for an unknown
        or disabled one. What else goes wrong is in the result."""
        return await check(self.endpoint(id), self._clock)

    def endpoint(self, id: str) -> Endpoint:
        """Return the endpoint of a provider; raises ConfigError, with what to do, for an unknown or disabled one."""
        provider = self._known(id)
        if not provider.enabled:
            raise ConfigError(f"The provider “{id}” is switched off.", hint=f'Switch it on with nbchat.enable_provider("{id}").')
        endpoint = self._endpoints.get(id)
        if endpoint is None:
            endpoint = Endpoint(
                lambda: self._known(id),
                lambda: self.resolve(id),
                self._clock,
                timeouts=self._timeouts,
                retry=self._retry,
                used=lambda request: self._note_use(id, request),
                learn=lambda lessons: self._learn(id, lessons),
            )
            endpoint = self._endpoints.setdefault(id, endpoint)
        return endpoint

    async def listing(self, id: str, *, refresh: bool = False) -> Listing:
        """Return the provider's models with their age, and the error if they are stale; raises ChatError."""
        return await self.catalogue.listing(id, refresh=refresh)

    async def models(self, id: str, *, refresh: bool = False) -> tuple[Model, ...]:
        """Return the chat models that the provider offers (cached for 5 minutes); raises ChatError."""
        return (await self.listing(id, refresh=refresh)).models

    def sees(self, id: str, model: str) -> bool | None:
        """Return whether a provider's model takes images, None where its listing is not at hand or does not say; asks nobody."""
        provider = self._providers.get(id)
        listed = None if provider is None else self.catalogue.model(provider, model)
        return None if listed is None else takes_images(listed)

    async def aclose(self) -> None:
        """Release all connections; idempotent."""
        await asyncio.gather(*self._notes)
        endpoints = [*self._endpoints.values()]
        self._endpoints.clear()
        await asyncio.gather(*(endpoint.aclose() for endpoint in endpoints))

    def _note_use(self, id: str, request: ModelRequest) -> None:
        """Remember what was asked last; written once for each question, beside the answer and never in its way."""
        provider = self._providers.get(id)
        if provider is None:
            return
        now = self._clock.time()
        self._providers[id] = replace(provider, last_used=now, last_model=request.model)
        question = next((message.id for message in reversed(request.messages) if message.role == "user"), request.id)
        if id in self._builtin or self._last_asked.get(id) == question:
            return
        self._last_asked[id] = question
        task = asyncio.get_running_loop().create_task(self._write_use(id, now, request.model), name="nbchat-provider-used")
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _write_use(self, id: str, when: float, model: str) -> None:
        try:
            await self._settings.update_provider(id, last_used=when, last_model=model)
        except StorageError:
            _log.warning("when %s was used last could not be saved", id, exc_info=True)

    def _known(self, id: str) -> Provider:
        provider = self._providers.get(id)
        if provider is None:
            names = ", ".join(sorted(self._providers)) or "none"
            raise ConfigError(
                f"There is no provider “{id}”.",
                hint=f'Add it with nbchat.add_provider("{id}", base_url=...); known are: {names}.',
            )
        return provider

    async def _learn(self, id: str, lessons: Mapping[str, str]) -> None:
        """Keep what a refusal taught about a provider, in the settings too where it stands there."""
        provider = self._providers.get(id)
        if provider is None:
            return
        learned = {**provider.learned, **lessons}
        self._providers[id] = replace(provider, learned=learned)
        try:
            await self._settings.update_provider(id, learned=learned)
        except StorageError:
            _log.warning("what %s refuses could not be saved", id, exc_info=True)

    def resolve(self, id: str) -> tuple[Provider, Secret | None]:
        """Return a provider as it is asked now (a built-in one is started) with its key; raises ConfigError.

        Blocks while a keyring is unlocked or a person types: on a thread, never on the loop.
        """
        factory = self._builtin.get(id)
        if factory is None:
            provider = self._known(id)
            return provider, self.keys.key(provider)
        provider, key = factory()
        return replace(provider, id=id), key
