"""A TLS server with a certificate of the test's wish, and a proxy that tunnels to it: the way to a provider, step by step."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate

import trustme

from tests.support.listening import listening

__all__ = ["Tunnel", "certified", "tls_server", "trusting", "tunnel"]


def certified(authority: trustme.CA, name: str, not_after: datetime | None = None) -> ssl.SSLContext:
    """The server's side of TLS, with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context


def trusting(authority: trustme.CA | None = None) -> ssl.SSLContext:
    """The client's side, which trusts this authority (and no other)."""
    context = ssl.create_default_context()
    if authority is not None:
        authority.configure_trust(context)
    return context


@asynccontextmanager
async def tls_server(context: ssl.SSLContext | None, *, date: float | None = None, silent: bool = False) -> AsyncIterator[int]:
    """Serve on a port of this machine, which is given; `HEAD /` is told that it is `date`. `silent` never says a word."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if silent:
            await asyncio.Event().wait()
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            assert b"uthorization" not in asked, "a key has no place here"
            head = "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n"
            writer.write((head + (f"Date: {formatdate(date, usegmt=True)}\r\n" if date else "") + "\r\n").encode())

    async with listening(serve, context) as port:
        yield port


@dataclass
class Tunnel:
    """A running proxy: its port, and the first lines of what it was asked."""

    port: int
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def tunnel(to: int, *, login: str = "", status: str = "200 OK") -> AsyncIterator[Tunnel]:
    """A proxy that connects whoever asks to the port `to`, if it bears this login ("name:password")."""
    state = Tunnel(0)
    wanted = f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        state.asked.append(asked.split(b"\r\n")[0].decode())
        answer = "407 Proxy Authentication Required" if login and wanted not in asked else status
        writer.write(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        if answer.startswith("200"):
            behind, forth = await asyncio.open_connection("127.0.0.1", to)
            await asyncio.gather(_copy(reader, forth), _copy(behind, writer))

    async with listening(serve) as state.port:
        yield state


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
    finally:
        writer.transport.abort()
