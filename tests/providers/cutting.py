"""Cuts of an answer at any byte: what a client must say about each. Shared by the sampled test and the full run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbchat.core.errors import ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.requests import ModelRequest
from tests.providers.raw_server import DONE, Connection, Ending, Framing, chunk, endpoint, framed, serving, usage
from tests.support.folding import WholeFold

__all__ = ["Cut", "all_cuts", "play"]

PIECES = [chunk(""), chunk("Grün"), chunk(" 😀 und"), chunk(" fertig."), chunk(None, "stop"), usage(), DONE]
TEXT = "Grün 😀 und fertig."
FRAMINGS: tuple[Framing, ...] = ("chunked", "length", "close")
ENDINGS: tuple[Ending, ...] = ("fin", "rst")
REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))


@dataclass(frozen=True)
class Cut:
    """The connection ends in this way after `offset` bytes of the response."""

    framing: Framing
    ending: Ending
    offset: int

    @property
    def response(self) -> bytes:
        """The whole response, of which the first `offset` bytes are sent."""
        return framed(PIECES, self.framing)


def all_cuts() -> Iterator[Cut]:
    """Yield every cut: framing x ending x byte offset."""
    for framing in FRAMINGS:
        for ending in ENDINGS:
            for offset in range(len(framed(PIECES, framing))):
                yield Cut(framing, ending, offset)


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
        provider = endpoint(server.base_url)
        try:
            async for batch in provider.stream(REQUEST):
                for event in batch:
                    accumulator.apply(event)
        except ProviderError as failure:
            error = failure
        await provider.aclose()
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
