"""Cuts of an answer at any byte: what a client must say about each. Shared by the sampled test and the full run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from unittest import mock

from nbchat.core.errors import ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.providers.endpoint import Endpoint, Timeouts
from tests.providers.raw_server import DONE, Connection, Ending, Framing, RawServer, chunk, endpoint, framed, serving, usage
from tests.support.folding import WholeFold

__all__ = ["COMBINATIONS", "TRANSPORTS", "Cut", "Transport", "all_cuts", "play", "reached"]

Transport = Literal["direct", "stock"]
"""nbchat's own HTTP, or httpx's through a proxy."""

PIECES = [chunk(""), chunk("Grün"), chunk(" 😀 und"), chunk(" fertig."), chunk(None, "stop"), usage(), DONE]
TEXT = "Grün 😀 und fertig."
FRAMINGS: tuple[Framing, ...] = ("chunked", "length", "close")
ENDINGS: tuple[Ending, ...] = ("fin", "rst")
TRANSPORTS: tuple[Transport, ...] = ("direct", "stock")
COMBINATIONS = [(t, f, e) for t in TRANSPORTS for f in FRAMINGS for e in ENDINGS]
REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))


@dataclass(frozen=True)
class Cut:
    """The connection ends in this way after `offset` bytes of the response."""

    framing: Framing
    ending: Ending
    offset: int
    transport: Transport = "direct"

    @property
    def response(self) -> bytes:
        """The whole response, of which the first `offset` bytes are sent."""
        return framed(PIECES, self.framing)


def all_cuts() -> Iterator[Cut]:
    """Yield every cut: transport x framing x ending x byte offset."""
    for transport, framing, ending in COMBINATIONS:
        for offset in range(len(framed(PIECES, framing))):
            yield Cut(framing, ending, offset, transport)


@contextmanager
def reached(server: RawServer, transport: Transport, timeouts: Timeouts | None = None) -> Iterator[Endpoint]:
    """An endpoint whose requests reach this server: straight, or as the proxy that the environment names."""
    if transport == "direct":
        yield endpoint(server.base_url, timeouts=timeouts)
        return
    proxy = {"http_proxy": server.base_url.removesuffix("/v1"), "no_proxy": ""}
    with mock.patch.dict(os.environ, proxy):
        yield endpoint("http://provider.invalid/v1", insecure=True, timeouts=timeouts)


async def _one(cut: Cut) -> tuple[str, str | None, ProviderError | None]:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(cut.response[: cut.offset])
        if cut.ending == "rst":
            # A reset throws away what the client has not read: let it take everything first.
            for _ in range(20):
                await asyncio.sleep(0)
            connection.reset()

    accumulator = WholeFold()
    error: ProviderError | None = None
    async with serving(script) as server:
        with reached(server, cut.transport) as provider:
            try:
                async for batch in provider.stream(REQUEST):
                    for event in batch:
                        accumulator.apply(event)
            except ProviderError as failure:
                error = failure
            await provider.aclose()
        (connection,) = server.connections
        assert connection.head.startswith("POST http" if cut.transport == "stock" else "POST /v1/"), "it took another way"
    return accumulator.text, None if accumulator.finish is None else accumulator.finish.reason, error


async def play(cuts: Iterable[Cut]) -> list[str]:
    """Play the cuts one after the other and return what went wrong, a line each."""
    wrong = []
    for cut in cuts:
        text, reason, error = await _one(cut)
        # What the server had sent of the body, whatever the framing around it.
        finished = b'"finish_reason": "stop"' in cut.response[: cut.offset] or DONE in cut.response[: cut.offset]
        if not TEXT.startswith(text):
            wrong.append(f"{cut}: {text!r} is no prefix")
        elif error is None and (reason != "stop" or text != TEXT):
            wrong.append(f"{cut}: {text!r} passed for complete")
        elif error is None and not finished:
            wrong.append(f"{cut}: complete before it was")
        elif error is not None and cut.ending == "fin" and cut.offset >= cut.response.index(PIECES[4]) + len(PIECES[4]):
            wrong.append(f"{cut}: the finish reason had come: {error}")
        elif error is not None and reason is not None:
            wrong.append(f"{cut}: an error after the finish reason: {error}")
        elif error is not None and text and error.kind != "interrupted":
            wrong.append(f"{cut}: {error.kind} instead of interrupted: {error}")
    return wrong
