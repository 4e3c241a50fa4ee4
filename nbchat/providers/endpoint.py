"""Endpoint: the ModelProvider over HTTP. One request becomes events: attempts, deadlines, decoding, and the honest end.

Owns the order of things; connections are `http`'s, bytes are `sse`'s, meaning is `chat_completions`'. Loads httpx and
msgspec on a thread at the first request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nbchat.core.errors import ProviderError
from nbchat.core.events import ProviderEvent, RequestSent, Retry, Waiting
from nbchat.core.models import Model, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.errors import HINTS, error_of_body, excerpt, is_retryable
from nbchat.providers.listing import parse_models
from nbchat.providers.request_body import request_body
from nbchat.providers.retry import RetryPolicy, retry_after
from nbchat.providers.sse import ServerSentEvent, SseDecoder
from nbchat.providers.watchdog import Watchdog
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.providers.chat_completions import ChatCompletionsDecoder
    from nbchat.providers.http import Exchange, HttpClient

__all__ = ["Endpoint", "Resolve", "Timeouts", "warm"]

Resolve: TypeAlias = Callable[[], tuple[Provider, Secret | None]]
"""Gives the endpoint's description and its key now; may block (a keyring, a prompt, a server that starts), so on a thread."""

_ERROR_BODY = 64 * 1024
_SETTLE = 0.02  # seconds for the last bytes of HTTP framing after [DONE]: a new TLS connection would cost more
_JSON_BODY = 16 * 1024 * 1024
_STREAM_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbf")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `first_token` counts from the start of an attempt, `between_tokens` from the last token: comments and empty
    chunks are no tokens. `after_finish` is how long usage and [DONE] are waited for after a finish reason."""

    connect: float = 10.0
    first_token: float = 300.0
    between_tokens: float = 120.0
    after_finish: float = 10.0
    error_body: float = 10.0
    models: float = 10.0


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

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Send `request` and yield what comes, one batch per wake-up; see ports.ModelProvider.

        Raises UsageError and ConfigError before anything is sent, ProviderError for every end but a finished answer.
        """
        body = request_body(request)
        failures = 0
        while True:
            client, key = await self._connect()
            attempt = _Attempt(self._clock, self.timeouts, client, key, self.provider.id)
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
            body, whole = await exchange.read_all(_JSON_BODY if exchange.status == 200 else _ERROR_BODY)
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
        if self._client is None or self._client_of != provider:
            from nbchat.providers.http import HttpClient

            await self.aclose()
            self._client = HttpClient(provider.base_url, dict(provider.headers), connect=self.timeouts.connect)
            self._client_of = provider
        return self._client, key

    def _prepare(self) -> tuple[Provider, Secret | None]:
        if self._client is None:
            warm()
        return self._resolve()


class _Attempt:
    """One HTTP request: `run` yields its batches; afterwards `failure` tells how it ended, None for a finished answer."""

    def __init__(self, clock: Clock, timeouts: Timeouts, client: HttpClient, key: Secret | None, provider: str) -> None:
        from nbchat.providers.chat_completions import ChatCompletionsDecoder

        self.failure: ProviderError | None = None
        self.retryable = False
        self._clock = clock
        self._timeouts = timeouts
        self._client = client
        self._key = key
        self._secrets = () if key is None else (key,)
        self._decoder: ChatCompletionsDecoder = ChatCompletionsDecoder(secrets=self._secrets)
        self._sse = SseDecoder()
        self._provider = provider
        self._began = False  # a token came

    async def run(self, body: bytes) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        accept = "text/event-stream, application/json"
        exchange = self._client.send("POST", "/chat/completions", body=body, accept=accept, key=self._key)
        watchdog = Watchdog(self._clock, lambda: exchange.fail(self._late()))
        watchdog.feed(self._timeouts.first_token)
        try:
            try:
                await exchange.until_sent()
                yield [RequestSent()]
                await exchange.head()
            except ProviderError as failure:
                self.failure = failure
                self.retryable = failure.code == "connect"
                return
            if exchange.status != 200:
                watchdog.feed(self._timeouts.error_body)
                self.failure = await self._refused(exchange)
                self.retryable = is_retryable(self.failure)
                return
            # From here on nothing is sent again: the answer has begun, and with it the bill.
            async with aclosing(self._answer(exchange, watchdog)) as batches:
                async for batch in batches:
                    yield batch
            if self.failure is None:
                await exchange.settle(_SETTLE)
        finally:
            watchdog.stop()
            await exchange.aclose()

    async def _refused(self, exchange: Exchange) -> ProviderError:
        """Return the error of a response that is no 200; its body is read up to a bound and a deadline."""
        status, headers = exchange.status, exchange.headers
        if status < 300:
            text = f"The server answered {status} without a chat completion."
            return ProviderError(text, kind="protocol", hint=HINTS["protocol"], status=status)
        if status < 400:
            target = excerpt(headers.get("location", "").split("?", 1)[0], self._secrets, 200)
            text = f"The server redirects ({status}) to {target or 'an unknown place'}; the request was not sent there."
            hint = "A redirect is never followed, since the key would go along; set the base URL to the right place."
            return ProviderError(text, kind="protocol", hint=hint, status=status)
        body, _ = await exchange.read_all(_ERROR_BODY)
        error = error_of_body(status, headers.get("content-type", ""), body, secrets=self._secrets)
        error.retry_after = retry_after(headers, self._clock.time())
        return error

    async def _answer(self, exchange: Exchange, watchdog: Watchdog) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Yield the events of a 200 and set `failure` at its end."""
        decoder = self._decoder
        try:
            first = await exchange.read()
            problem = _not_a_stream(exchange, first)
            if problem == "json":
                watchdog.feed(self._timeouts.between_tokens)
                rest, whole = await exchange.read_all(_JSON_BODY)
                events = decoder.decode_whole(first + rest) if whole else []
                self.failure = decoder.failure if whole else self._cut()
                yield events
                return
            if problem:
                rest, _ = await exchange.read_all(_ERROR_BODY) if first else (b"", True)
                self.failure = self._named(exchange, problem, first + rest)
                return
        except ProviderError as failure:
            self.failure = failure
            return
        async with aclosing(self._events(exchange, watchdog, first)) as batches:
            async for batch in batches:
                yield batch
        events = decoder.end()
        if events:
            yield events
        if decoder.failure is not None:
            self.failure = decoder.failure
        elif decoder.finished:
            self.failure = None  # a cut after the finish reason takes nothing away
        elif self.failure is None:
            self.failure = self._cut()

    async def _events(self, exchange: Exchange, watchdog: Watchdog, data: bytes) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Yield a batch per wake-up until the answer is done, fails, or the bytes end."""
        decoder, sse, clock, limits = self._decoder, self._sse, self._clock, self._timeouts
        last = told = clock.monotonic()
        while data:
            try:
                batch = decoder.decode(sse.feed(data))
            except ProviderError as failure:
                self.failure = failure
                return
            now = clock.monotonic()
            if batch:
                self._began = True
                last = told = now
                watchdog.feed(limits.after_finish if decoder.finished else limits.between_tokens)
                yield batch
            elif now - told >= 1.0 and not decoder.finished:
                told = now
                yield [Waiting(now - last)]
            if decoder.done or decoder.failure is not None:
                return
            try:
                data = await exchange.read()
            except ProviderError as failure:
                self.failure = failure
                return
        if batch := self._leftover(sse.leftover()):
            yield batch

    def _leftover(self, event: ServerSentEvent | None) -> list[ProviderEvent]:
        """Use an event that lacks only its blank line, if it is whole by itself; half an event is a cut, not junk."""
        if event is None or not _is_whole(event.data):
            return []
        return self._decoder.decode([event])

    def _cut(self) -> ProviderError:
        if self._began:
            return ProviderError("The connection ended in mid-answer.", kind="interrupted", hint=HINTS["interrupted"])
        return ProviderError("The connection ended before the answer began.", kind="interrupted", hint="Send again.")

    def _late(self) -> ProviderError:
        limits = self._timeouts
        if self._began:
            text = f"No token came for {limits.between_tokens:g} s, so the request was closed."
            return ProviderError(text, kind="interrupted", hint=HINTS["interrupted"], code="stalled")
        text = f"No token came within {limits.first_token:g} s, so the request was closed."
        return ProviderError(text, kind="timeout", hint=HINTS["timeout"])

    def _named(self, exchange: Exchange, problem: str, body: bytes) -> ProviderError:
        text = f"The server answered 200 with {problem} instead of a chat stream"
        if body and problem != "compressed data":
            text += f": {body[:4000].decode('utf-8', 'replace')}"
        return ProviderError(excerpt(text, self._secrets), kind="protocol", hint=HINTS["protocol"], status=exchange.status)


def _told(failure: ProviderError) -> ProviderError:
    """Say how long the server asks to wait, where it does."""
    if failure.retry_after is not None:
        failure.hint = f"{failure.hint} The server asks to wait {failure.retry_after:.0f} s.".strip()
    return failure


def _not_a_stream(exchange: Exchange, first: bytes) -> str:
    """Say what a 200 holds instead of an event stream: "" for a stream, "json", or words for the error."""
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = exchange.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        return "compressed data"
    if not first:
        return "an empty body"
    if kind == "text/event-stream":
        return ""
    if kind == "application/json" or kind.endswith("+json"):
        return "json"
    start = first.lstrip()[:16]
    if kind in ("", "text/plain", "application/octet-stream"):  # servers that do not say: look
        if start.startswith(_STREAM_STARTS):
            return ""
        if start[:1] == b"{":
            return "json"
    return "a web page" if "html" in kind or start[:1] == b"<" else f"{excerpt(kind, (), 60) or 'something'}"


def _is_whole(data: bytes) -> bool:
    from nbchat.providers.chunk import decode_chunk

    return data.strip() == b"[DONE]" or decode_chunk(data) is not None
