"""Endpoint: the ModelProvider over HTTP. A request becomes attempts, and the attempts become events.

Owns retries and the client of the endpoint; one attempt is `attempt`'s, a listing `model_listing`'s, connections are `http`'s.
Loads httpx and msgspec on a thread at the first request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from nbchat.core.engine import EngineStatus
from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.events import ProviderEvent, Retry
from nbchat.core.models import Model, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.attempt import Attempt
from nbchat.providers.engine_watch import LOOK_SECONDS, EngineWatch, watched
from nbchat.providers.learned import Asked
from nbchat.providers.loading import LoadingWait
from nbchat.providers.local_servers import SERVERS, engine_status
from nbchat.providers.model_listing import Asker
from nbchat.providers.presets import Preset, preset_of
from nbchat.providers.refusals import STATUSES
from nbchat.providers.retry import RetryPolicy
from nbchat.providers.timeouts import Timeouts
from nbchat.providers.urls import check_base_url, is_loopback, origin
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.providers.http import HttpClient

__all__ = ["Endpoint", "Resolve", "Resolved", "Timeouts", "warm"]

Resolve: TypeAlias = Callable[[], tuple[Provider, Secret | None]]
"""Gives the endpoint's description and its key now; may block (a keyring, a prompt, a server that starts), so on a thread."""


def warm() -> None:
    """Load httpx, msgspec and the TLS context; about 150 ms of CPU, so call it on a thread."""
    import nbchat.providers.chunk  # noqa: F401
    from nbchat.providers.authorities import ssl_context

    _http_client()
    with suppress(ConfigError):  # authorities that cannot be read are said when they are needed
        ssl_context()


@cache
def _http_client() -> type[HttpClient]:
    """Loaded late, for the sake of the start, and once: after a new import of the whole package (`del sys.modules[...]`) this
    module goes on, and a client of the next one would raise errors that are not this one's."""
    from nbchat.providers.http import HttpClient

    return HttpClient


class Resolved(NamedTuple):
    """What an endpoint is at one moment: its description, the key that belongs to it, and whose certificates it believes (None
    where none is needed)."""

    provider: Provider
    key: Secret | None
    tls: ssl.SSLContext | None


async def _forget(lessons: Mapping[str, str]) -> None:
    """Remember nothing."""


class Endpoint:
    """One configured endpoint (ports.ModelProvider). `describe` gives what is known of it without asking for a key; `used` is
    told of each request for an answer once it has left, `learn` what a refused one taught (members of `Provider.learned`) once
    the server took it."""

    def __init__(
        self,
        describe: Callable[[], Provider],
        resolve: Resolve,
        clock: Clock,
        *,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        used: Callable[[ModelRequest], None] = lambda _: None,
        learn: Callable[[Mapping[str, str]], Awaitable[None]] = _forget,
    ) -> None:
        self._describe = describe
        self._learn = learn
        self._resolve = resolve
        self._used = used
        self._clock = clock
        self.timeouts = timeouts or Timeouts()
        self.retry = retry or RetryPolicy()
        self._client: HttpClient | None = None
        self._client_of: tuple[Provider, ssl.SSLContext | None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def provider(self) -> Provider:
        """The description of the endpoint."""
        return self._describe()

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Wait that long from the next request on."""
        self.timeouts = timeouts
        self._client_of = None  # a client connects within the seconds that it was made with

    @property
    def continues(self) -> bool:
        """Whether the server goes on with an assistant message that comes last."""
        return self._preset.prefill is not None

    @property
    def _preset(self) -> Preset:
        return preset_of(self.provider)

    async def stream(
        self, request: ModelRequest, *, arrived: Callable[[int], None] | None = None, noted: bool = True
    ) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Send `request` and yield what comes, one batch per wake-up; see ports.ModelProvider.

        `arrived(n)` is told of every arrival of a stream, with the number of its server-sent events, before they are decoded.
        That a request was sent is `noted` unless it is nobody's business.
        Raises UsageError and ConfigError before anything is sent, ProviderError for every end but a finished answer.
        """
        asked = Asked(request, self._preset, self.provider.learned)
        failures, again, sent, renewed = 0, 1, False, False
        found = await self.resolved()
        wait = LoadingWait(self.timeouts.first_token, self._clock.monotonic())
        while True:
            client, timeouts = self._client_for(found), replace(self.timeouts, first_token=wait.left(self._clock.monotonic()))
            attempt = Attempt(self._clock, timeouts, client, found.key, self.provider.id, arrived)
            watch = self._watch(request.model, client, found.key, told=wait.told)
            if left_out := asked.left_out():
                yield left_out
            async with (
                aclosing(attempt.run(asked.body)) as batches,
                aclosing(watched(batches, self._clock, watch) if watch else batches) as seen,
            ):
                async for batch in seen:
                    if not sent:  # the first batch says so
                        sent = True
                        if noted:
                            self._used(request)
                    yield batch
            if attempt.loading is not None and attempt.failure is not None:
                yield [wait.next(attempt.loading, attempt.failure.retry_after, self._clock.monotonic())]
                await self._clock.sleep(wait.again)
                found = await self.resolved()
                continue
            failure, again = attempt.failure, again + 1
            await self._keep(asked, failure)
            if failure is None:
                return
            if change := asked.learn(failure):
                yield [Retry(again, 0.0, f"{failure.text} {change}")]
                continue
            if self._renewable(failure) and not renewed:
                renewed, old = True, found
                found = await self.resolved()
                if found.key != old.key:
                    yield [Retry(again, 0.0, failure.text)]
                    continue
            failures += 1
            delay = self.retry.delay(failures, failure.retry_after) if attempt.retryable else None
            if delay is None:
                raise _told(failure).with_traceback(None)  # the frames behind it hold what the server sent
            yield [Retry(again, delay, failure.text)]
            await self._clock.sleep(delay)
            found = await self.resolved()

    async def _keep(self, asked: Asked, failure: ProviderError | None) -> None:
        """Keep what refusals taught, once the server refused the request for nothing of its kind any more."""
        if asked.lessons and (failure is None or failure.status not in STATUSES):
            await self._learn(asked.lessons)

    def _renewable(self, failure: object) -> bool:
        """Whether another key may help: a function's token may have run out between its making and its use. Once, and only if
        the function then gives another one: a 401 for the same key will not change."""
        return isinstance(failure, ProviderError) and failure.status == 401 and self.provider.key.kind == "function"

    async def list_models(self) -> tuple[Model, ...]:
        """Ask the endpoint what it offers; raises ProviderError (also when it takes longer than `timeouts.models`)."""
        resolved = await self.resolved()
        found = await self.listing(resolved, self.timeouts.models)
        if self._renewable(found):
            newer = await self.resolved()
            if newer.key != resolved.key:
                found = await self.listing(newer, self.timeouts.models)
        if isinstance(found, ProviderError):
            raise found.with_traceback(None)  # the frames behind it hold the server's words, in which a key may stand
        return found

    async def listing(
        self, resolved: Resolved, seconds: float, reached: Callable[[], None] = lambda: None
    ) -> tuple[Model, ...] | ProviderError:
        """Ask for the models within that time; `reached` is called when the request has left. Returns failures; raises
        ConfigError for a description that cannot be used."""
        asker = Asker(self._clock, seconds, self._client_for(resolved), resolved.key)
        return await asker.models(self.provider.id, self._preset, reached)

    def _watch(self, model: str, client: HttpClient, key: Secret | None, *, told: bool) -> EngineWatch | None:
        """How this server is asked what it does while nothing comes; None where there is nothing to ask or to tell."""
        server = SERVERS.get(self._preset.id) if self._preset.local else None
        if server is None or not server.status:
            return EngineWatch(None, told=True) if told else None

        async def look() -> EngineStatus | None:
            asker = Asker(self._clock, LOOK_SECONDS, client, key)
            return engine_status(model, await asker.answers(server.status, root=server.root))

        return EngineWatch(look, server.before, told)

    async def resolved(self) -> Resolved:
        """Return what the endpoint is now, with its key; raises ConfigError. Sends nothing."""
        return await asyncio.get_running_loop().run_in_executor(None, self._resolve_and_load)

    def _resolve_and_load(self) -> Resolved:
        from nbchat.providers.authorities import ssl_context

        if self._client is None:
            warm()
        provider, key = self._resolve()
        scheme, host, _ = origin(provider.base_url)
        plain = scheme == "http" and is_loopback(host)  # which no proxy is asked for either
        return Resolved(provider, key, None if plain else ssl_context(provider.ca_bundle))

    def _client_for(self, resolved: Resolved) -> HttpClient:
        """Return connections to what was resolved, made anew when it is not what it was. Send before the next await: whoever
        resolves something else lets go of them."""
        provider, tls = resolved.provider, resolved.tls
        if self._client is None or self._client_of != (provider, tls):
            url = check_base_url(provider.base_url, insecure=provider.insecure)  # a database may hold anything
            headers, limit = dict(provider.headers), self.timeouts.connect
            client = _http_client()(url, headers, connect=limit, tls=tls, proxy=provider.proxy)
            self._let_go()
            self._client, self._client_of = client, (provider, tls)
        return self._client

    def _let_go(self) -> None:
        client, self._client, self._client_of = self._client, None, None
        if client is not None:
            task = asyncio.get_running_loop().create_task(client.aclose(), name="nbchat-let-go")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Release connections; idempotent."""
        self._let_go()
        await asyncio.gather(*self._closing)


def _told(failure: ProviderError) -> ProviderError:
    """Say how long the server asks to wait, where it does."""
    if failure.retry_after is not None:
        failure.hint = f"{failure.hint} The server asks to wait {failure.retry_after:.0f} s.".strip()
    return failure
