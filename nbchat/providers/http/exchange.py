"""Exchange: one request and its response, read ahead of whoever reads it; and what a failure on the way means.

Owns the life of one connection's use: it is closed, or given back, when `aclose` returns. Must not know what bodies mean.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx

from nbchat.core.errors import ProviderError
from nbchat.core.secrets import Secret
from nbchat.providers.authorities import refusal
from nbchat.providers.errors import HINTS, excerpt
from nbchat.providers.http import quiet
from nbchat.providers.http.direct import BODY, Body

__all__ = ["Exchange"]

_HIGH_WATER = 1024 * 1024  # bytes that may wait unread before the socket is left alone
_PROXY = "Check the proxy: proxy=... of nbchat.add_provider, else HTTPS_PROXY (with user name and password, if it wants them)."


class Exchange:
    """One request and its response. A task reads ahead, so that everything that arrived is one batch for the reader.

    `fail` ends it from outside (a deadline); `aclose` returns when the connection has been closed or given back.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        request: httpx.Request,
        secrets: tuple[Secret, ...],
        gone: Callable[[], Awaitable[None]],
        *,
        via: str = "",
    ) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.sent = False
        self._client = client
        self._request = request
        self._secrets = secrets
        self._gone = gone
        self._via = f" through the proxy {via}" if via else ""
        self._to_proxy = False
        self._cancelled = False
        self._closed = False
        self._chunks: list[bytes] = []
        self._size = 0
        self._body: Body | None = None  # pours, where the transport is our own
        self._error: ProviderError | None = None
        self._ended = False
        self._wake = asyncio.Event()  # something for the reader
        self._room = asyncio.Event()  # the reader has caught up
        self._room.set()
        request.extensions["trace"] = self._trace
        self._task = asyncio.get_running_loop().create_task(self._pump(), name="nbchat-exchange")

    async def until_sent(self) -> None:
        """Wait until the whole request has left (or an answer came without it); raises ProviderError."""
        while not self.sent and not self.status:
            await self._next()

    async def head(self) -> None:
        """Wait for the status and the headers; raises ProviderError."""
        while not self.status:
            await self._next()

    async def read(self) -> bytes:
        """Return all bytes that arrived since the last call, waiting for the first; b"" at a proper end.

        Raises ProviderError (kind "interrupted") when the body was cut short, after everything before was read.
        """
        while not self._chunks:
            if self._ended and self._error is None:
                return b""
            await self._next()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if not self._room.is_set():
            self._room.set()
            if self._body is not None:
                self._body.resume()
        return data

    async def read_all(self, limit: int) -> tuple[bytes, bool]:
        """Return the body up to `limit` bytes, and whether that is all of it; a cut ends it quietly."""
        body = bytearray()
        while len(body) <= limit:
            try:
                part = await self.read()
            except ProviderError:
                break
            if not part:
                return bytes(body), True
            body += part
        del body[limit:]
        return bytes(body), False

    def fail(self, error: ProviderError) -> None:
        """Let the reader raise `error` once it has read what is there."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._cancel()
            self._wake.set()

    async def settle(self, seconds: float) -> None:
        """Give the body that long to end by itself, so that the connection can be used again."""
        await asyncio.wait([self._task], timeout=seconds)

    async def aclose(self) -> None:
        """Stop and close; idempotent. Returns only when the connection is closed, also when it is cancelled itself."""
        self._cancel()
        cancelled = False
        while not self._task.done():
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError:
                cancelled = True
        if not self._closed:
            self._closed = True
            await self._gone()
        if cancelled:
            raise asyncio.CancelledError

    def _cancel(self) -> None:
        """Cancel the task once: a second time would break into the closing of the connection."""
        if not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    async def _next(self) -> None:
        if self._error is not None:
            raise self._error
        if self._ended:
            raise ProviderError("The request was given up.", kind="interrupted", hint=HINTS["interrupted"])
        self._wake.clear()
        await self._wake.wait()

    async def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        if name.endswith("send_request_body.started"):
            self._to_proxy = info["request"].method == b"CONNECT"  # it asks for a way, and is not yet the request
        elif name.endswith("send_request_body.complete") and not self._to_proxy:
            self.sent = True
            self._wake.set()

    def _take(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _HIGH_WATER and self._room.is_set():
            self._room.clear()
            if self._body is not None:
                self._body.pause()
        self._wake.set()

    async def _pump(self) -> None:
        quiet.ours.set(True)
        error: ProviderError | None = None
        try:
            response = await self._client.send(self._request, stream=True)
            try:
                self.headers = {name.lower(): value for name, value in response.headers.items()}
                self.status = response.status_code
                self._wake.set()
                self._body = response.extensions.get(BODY)
                if self._body is not None:
                    await self._body.pour(self._take)
                else:
                    async for chunk in response.aiter_raw():
                        self._take(chunk)
                        await self._room.wait()
            finally:
                await response.aclose()
        except Exception as failure:  # whatever the transport raises: the reader must hear of it, without its frames
            error = self._translate(failure)
        finally:
            if not self._ended:
                self._ended = True
                self._error = error
            self._wake.set()

    def _translate(self, failure: Exception) -> ProviderError:
        """Say what a transport failure means; httpx's own error (with frames that hold headers) is left behind."""
        cause = excerpt(str(failure) or type(failure).__name__, self._secrets, 200)
        url = self._request.url
        where = f"{url.host}:{url.port}" if url.port else url.host
        if self.status:
            return ProviderError(f"The connection broke in mid-answer: {cause}", kind="interrupted", hint=HINTS["interrupted"])
        hint = _PROXY if self._via else HINTS["network"]
        if isinstance(failure, httpx.ConnectTimeout):
            text = f"No connection to {where}{self._via} in time."
            return ProviderError(text, kind="timeout", hint=hint, code="connect")
        if isinstance(failure, httpx.ProxyError):
            text = f"There is no way to {where}{self._via}: {cause}"
            return ProviderError(text, kind="network", hint=_PROXY, code="proxy")
        if isinstance(failure, httpx.ConnectError):
            reasons = list(_causes(failure))
            refused = [found for reason in reasons if isinstance(reason, ssl.SSLError) and (found := refusal(reason))]
            if refused:
                what, todo = refused[0]
                text = f"Nothing was sent to {where}{self._via}: {what}."
                return ProviderError(text, kind="network", hint=todo, code="tls")
            unknown = any(isinstance(reason, socket.gaierror) for reason in reasons)
            refused_here = any(isinstance(reason, ConnectionRefusedError) for reason in reasons)
            why = "its name is not known here." if unknown else "nothing listens there." if refused_here else cause
            text = f"No connection to {where}{self._via}: {why}"
            return ProviderError(text, kind="network", hint=hint, code="dns" if unknown else "connect")
        if isinstance(failure, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
            return ProviderError(f"This URL cannot be used: {cause}", kind="protocol", hint=HINTS["protocol"])
        if self.sent and isinstance(failure, (httpx.RemoteProtocolError, httpx.ReadError)):
            text = f"{where} closed the connection without an answer: {cause}"
            return ProviderError(text, kind="network", hint=HINTS["network"])
        return ProviderError(f"The request to {where}{self._via} failed: {cause}", kind="network", hint=hint)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
