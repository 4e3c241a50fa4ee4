"""Servers with certificates of every kind, and a proxy that opens ways (CONNECT): real sockets on 127.0.0.1."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from tests.providers.raw_server import Connection, Script
from tests.support.listening import listening

__all__ = ["CERTIFICATES", "Proxy", "SecureServer", "bundle", "proxying", "secure"]

LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
YESTERDAY = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)


def _good(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert("127.0.0.1", "localhost", "lab.example").configure_cert(context)


def _expired(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert("127.0.0.1", "lab.example", not_before=LONG_AGO, not_after=YESTERDAY).configure_cert(context)


def _wrong_address(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert("127.0.0.2", "other.example").configure_cert(context)


def _self_signed(authority: trustme.CA, context: ssl.SSLContext) -> None:
    own = trustme.CA()
    with own.private_key_pem.tempfile() as key, own.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)


def _foreign(authority: trustme.CA, context: ssl.SSLContext) -> None:
    trustme.CA().issue_cert("127.0.0.1", "lab.example").configure_cert(context)


CERTIFICATES: dict[str, Callable[[trustme.CA, ssl.SSLContext], None]] = {
    "good": _good,
    "expired": _expired,
    "wrong host": _wrong_address,
    "self-signed": _self_signed,
    "foreign": _foreign,
}
"""How a server's certificate is made; all but the last two are from the authority that the client trusts."""


@dataclass
class SecureServer:
    """A running server: its base URL, its port, and the requests that came through."""

    port: int
    requests: list[Connection] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """Its address on this machine."""
        return f"https://127.0.0.1:{self.port}/v1"


@asynccontextmanager
async def secure(certificate: str, script: Script | bytes, authority: trustme.CA) -> AsyncIterator[SecureServer]:
    """Run a TLS server with that kind of certificate; it plays the script on each connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CERTIFICATES[certificate](authority, context)
    state = SecureServer(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        if isinstance(script, bytes):
            await connection.request()
            state.requests.append(connection)
            await connection.send(script)
        else:
            await script(connection)

    async with listening(serve, context) as state.port:
        yield state


@dataclass
class Proxy:
    """A running proxy: its URL and the heads of the requests that it got."""

    port: int
    heads: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def proxying(
    port: int, *, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Proxy]:
    """Run a proxy that leads every CONNECT, whatever host it names, to `port` of this machine, or gives another answer; with
    `tls` it is spoken to in TLS itself."""
    state = Proxy(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer)
        if b" 200 " in answer.split(b"\r\n")[0]:
            await _pass_on(reader, writer, port)
        await writer.drain()

    async with listening(serve, tls) as state.port:
        yield state


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Carry the bytes of one connection to a port of this machine and back, until either end is closed."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    pumps = [asyncio.ensure_future(_pump(reader, back)), asyncio.ensure_future(_pump(there, writer))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        back.transport.abort()  # before the next await, which may be cancelled
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()


def bundle(authority: trustme.CA, folder: Path) -> str:
    """Write the authority's certificate into a PEM file; returns its path."""
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)
