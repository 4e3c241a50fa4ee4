"""Attempt: one HTTP request for an answer, from the first byte sent to the honest end.

Owns deadlines, the order of a response's parts, and the verdict: what is no stream, what was cut, what is complete. Must not
know retries.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from nbchat.core.errors import ProviderError
from nbchat.core.events import Loading, ProviderEvent, RequestSent, Waiting
from nbchat.core.secrets import Secret
from nbchat.providers.chat_completions import ChatCompletionsDecoder
from nbchat.providers.errors import HINTS, error_of_body, excerpt, is_retryable
from nbchat.providers.loading import read_loading
from nbchat.providers.retry import retry_after
from nbchat.providers.sse import ServerSentEvent, SseDecoder
from nbchat.providers.timeouts import Timeouts
from nbchat.providers.watchdog import Watchdog
from nbchat.sessions.ports import Clock

if TYPE_CHECKING:
    from nbchat.providers.http import Exchange, HttpClient

__all__ = ["ERROR_BODY", "JSON_BODY", "Attempt", "Timeouts", "redirect_error"]

ERROR_BODY = 64 * 1024
"""Bytes of a refusal that are read."""
JSON_BODY = 8 * 1024 * 1024
"""Bytes of a whole completion or a model listing that are read."""
_SETTLE = 0.02  # seconds for the last bytes of HTTP framing after [DONE]: a new TLS connection would cost more
_TELLING = 6  # bytes that tell a stream from other things
_STREAM_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbf")


class Attempt:
    """One HTTP request: `run` yields its batches; afterwards `failure` tells how it ended, None for a finished answer."""

    def __init__(
        self,
        clock: Clock,
        timeouts: Timeouts,
        client: HttpClient,
        key: Secret | None,
        provider: str,
        arrived: Callable[[int], None] | None = None,
    ) -> None:
        self.failure: ProviderError | None = None
        self.retryable = False
        self.loading: Loading | None = None
        """What the refusal says of a model that is still being loaded."""
        self._clock = clock
        self._timeouts = timeouts
        self._client = client
        self._key = key
        self._secrets = () if key is None else (key,)
        self._decoder = ChatCompletionsDecoder(secrets=self._secrets)
        self._sse = SseDecoder()
        self._provider = provider
        self._arrived = arrived
        self._began = False  # a token came

    async def run(self, body: bytes) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Send the body and yield what comes; the connection is closed, or given back, when the iterator is done or closed."""
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
            return redirect_error(exchange, self._secrets)
        body, _ = await exchange.read_all(ERROR_BODY)
        if _is_compressed(exchange):  # nobody asked for it, and unpacking is how a small body becomes a large one
            body = b"(compressed data)"
        self.loading = read_loading(status, body)
        error = error_of_body(status, headers.get("content-type", ""), body, secrets=self._secrets)
        asked = retry_after(headers, self._clock.time())
        if asked is not None:
            error.retry_after = asked
        return error

    async def _answer(self, exchange: Exchange, watchdog: Watchdog) -> AsyncGenerator[Sequence[ProviderEvent], None]:
        """Yield the events of a 200 and set `failure` at its end."""
        decoder = self._decoder
        try:
            first = await _beginning(exchange)
            problem = _not_a_stream(exchange, first)
            if problem == "json":
                watchdog.feed(self._timeouts.between_tokens)
                rest, whole = await exchange.read_all(JSON_BODY)
                events = decoder.decode_whole(first + rest) if whole else []
                self.failure = decoder.failure if whole else self._cut() if len(rest) < JSON_BODY else _too_large()
                yield events
                return
            if problem:
                rest, _ = await exchange.read_all(ERROR_BODY) if first else (b"", True)
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
        tokens, finished = 0, False
        while data:
            try:
                events = sse.feed(data)
                if self._arrived is not None and events:
                    self._arrived(len(events))
                batch = decoder.decode(events)
            except ProviderError as failure:
                self.failure = failure
                return
            now = clock.monotonic()
            if decoder.finished:
                if not finished:
                    finished = True  # once: whatever comes now, and for however long, the answer is there
                    watchdog.feed(limits.after_finish)
            elif decoder.characters > tokens:  # a count or a model's name is no token
                self._began = True
                tokens, last, told = decoder.characters, now, now
                watchdog.feed(limits.between_tokens)
            if batch:
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


def redirect_error(exchange: Exchange, secrets: Sequence[Secret]) -> ProviderError:
    """Return what to say of a 3xx."""
    target = excerpt(exchange.headers.get("location", "").split("?", 1)[0], secrets, 200)
    text = f"The server redirects ({exchange.status}) to {target or 'an unknown place'}; the request was not sent there."
    hint = "A redirect is never followed, since the key would go along; set the base URL to the right place."
    return ProviderError(text, kind="protocol", hint=hint, status=exchange.status)


def _too_large() -> ProviderError:
    text = f"The server sent a completion of more than {JSON_BODY:,} bytes."
    return ProviderError(text, kind="protocol", hint=HINTS["protocol"])


async def _beginning(exchange: Exchange) -> bytes:
    """Return the first bytes of the body, enough to tell what they are; raises ProviderError."""
    first = data = await exchange.read()
    while data and len(start := first.lstrip()) < _TELLING and b"\n" not in start:
        data = await exchange.read()
        first += data
    return first


def _not_a_stream(exchange: Exchange, first: bytes) -> str:
    """Say what a 200 holds instead of an event stream: "" for a stream, "json", or words for the error."""
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    if _is_compressed(exchange):
        return "compressed data"
    if not first:
        return "an empty body"
    start = first.lstrip()[:16]
    if kind == "application/json" or kind.endswith("+json"):
        return "json"
    if kind in ("text/event-stream", "", "text/plain", "application/octet-stream"):
        if start[:1] == b"{":  # an error, mostly, under a stream's type
            return "json"
        if kind == "text/event-stream" and start[:1] != b"<":
            return ""
        if start.startswith(_STREAM_STARTS):  # servers that do not say what they send
            return ""
    return "a web page" if "html" in kind or start[:1] == b"<" else f"{excerpt(kind, (), 60) or 'something'}"


def _is_compressed(exchange: Exchange) -> bool:
    return exchange.headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def _is_whole(data: bytes) -> bool:
    from nbchat.providers.chunk import decode_chunk

    return data.strip() == b"[DONE]" or decode_chunk(data) is not None
