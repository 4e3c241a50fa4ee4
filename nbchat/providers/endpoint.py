"""Endpoint: the ModelProvider over HTTP. A request becomes attempts, and the attempts become events.

Owns retries, the client of the endpoint and its listing; one attempt is `attempt`'s, connections are `http`'s. Loads httpx
and msgspec on a thread at the first request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeAlias

from nbchat.core.errors import ProviderError
from nbchat.core.events import ProviderEvent, Retry
from nbchat.core.models import Model, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.attempt import ERROR_BODY, JSON_BODY, Attempt, Timeouts
from nbchat.providers.errors import HINTS, error_of_body, excerpt
from nbchat.providers.listing import parse_models
from nbchat.providers.presets import Preset, preset_of
from nbchat.providers.request_body import request_body
from nbchat.providers.retry import RetryPolicy
from nbchat.providers.urls import check_base_url
from nbchat.providers.watchdog import Watchdog
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.providers.http import HttpClient

__all__ = ["Endpoint", "Resolve", "Timeouts", "warm"]

Resolve: TypeAlias = Callable[[], tuple[Provider, Secret | None]]
"""Gives the endpoint's description and its key now; may block (a keyring, a prompt, a server that starts), so on a thread."""


def warm() -> None:
    """Load httpx, msgspec and the TLS context; about 150 ms of CPU, so call it on a thread."""
    import nbchat.providers.chunk  # noqa: F401
    from nbchat.providers.http import ssl_context

    ssl_context()


class Endpoint:
    """One configured endpoint (ports.ModelProvider). `describe` gives what is known of it without asking for a key."""

    def __init__(
        self,
        describe: Callable[[], Provider],
        resolve: Resolve,
        clock: Clock,
        *,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._describe = describe
        self._resolve = resolve
        self._clock = clock
        self.timeouts = timeouts or Timeouts()
        self.retry = retry or RetryPolicy()
        self._client: HttpClient | None = None
        self._client_of: Provider | None = None

    @property
    def provider(self) -> Provider:
        """The description of the endpoint."""
        return self._describe()

    @property
    def continues(self) -> bool:
        """Whether the server goes on with an assistant message that comes last."""
        return self._preset.prefill is not None

    @property
    def _preset(self) -> Preset:
        return preset_of(self.provider)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Send `request` and yield what comes, one batch per wake-up; see ports.ModelProvider.

        Raises UsageError and ConfigError before anything is sent, ProviderError for every end but a finished answer.
        """
        body = request_body(request, self._preset)
        failures = 0
        while True:
            client, key = await self._connect()
            attempt = Attempt(self._clock, self.timeouts, client, key, self.provider.id)
            async with aclosing(attempt.run(body)) as batches:
                async for batch in batches:
                    yield batch
            if attempt.failure is None:
                return
            failures += 1
            delay = self.retry.delay(failures, attempt.failure.retry_after) if attempt.retryable else None
            if delay is None:
                raise _told(attempt.failure).with_traceback(None)  # the frames behind it hold what the server sent
            yield [Retry(failures + 1, delay, attempt.failure.text)]
            await self._clock.sleep(delay)

    async def list_models(self) -> tuple[Model, ...]:
        """Ask the endpoint what it offers; raises ProviderError (also when it takes longer than `timeouts.models`)."""
        client, key = await self._connect()
        found = await self._listing(client, key)
        if isinstance(found, ProviderError):
            raise found.with_traceback(None)  # the frames behind it hold the server's words, in which a key may stand
        return found

    async def _listing(self, client: HttpClient, key: Secret | None) -> tuple[Model, ...] | ProviderError:
        secrets = () if key is None else (key,)
        late = ProviderError("The list of models did not come in time.", kind="timeout", hint=HINTS["network"])
        exchange = client.send("GET", "/models", accept="application/json", key=key)
        watchdog = Watchdog(self._clock, lambda: exchange.fail(late))
        watchdog.feed(self.timeouts.models)
        try:
            await exchange.head()
            body, whole = await exchange.read_all(JSON_BODY if exchange.status == 200 else ERROR_BODY)
        except ProviderError as failure:
            return failure
        finally:
            watchdog.stop()
            await exchange.aclose()
        if exchange.status != 200:
            return error_of_body(exchange.status, exchange.headers.get("content-type", ""), body, secrets=secrets)
        models = parse_models(self.provider.id, body) if whole else None
        if models is not None:
            return models
        text = excerpt(f"The list of models cannot be read: {body[:2000].decode('utf-8', 'replace')}", secrets)
        return ProviderError(text, kind="protocol", hint=HINTS["protocol"])

    async def aclose(self) -> None:
        """Release connections; idempotent."""
        client, self._client, self._client_of = self._client, None, None
        if client is not None:
            await client.aclose()

    async def _connect(self) -> tuple[HttpClient, Secret | None]:
        provider, key = await asyncio.get_running_loop().run_in_executor(None, self._prepare)
        client, old = self._client, None
        if client is None or self._client_of != provider:
            from nbchat.providers.http import HttpClient

            url = check_base_url(provider.base_url, insecure=provider.insecure)  # a database may hold anything
            old, client = client, HttpClient(url, dict(provider.headers), connect=self.timeouts.connect)
            self._client, self._client_of = client, provider
        if old is not None:
            await old.aclose()
        return client, key

    def _prepare(self) -> tuple[Provider, Secret | None]:
        if self._client is None:
            warm()
        return self._resolve()


def _told(failure: ProviderError) -> ProviderError:
    """Say how long the server asks to wait, where it does."""
    if failure.retry_after is not None:
        failure.hint = f"{failure.hint} The server asks to wait {failure.retry_after:.0f} s.".strip()
    return failure
