"""Proxy: what stands between this machine and a server because somebody said so, and how it is asked to let a connection through.

Owns the reading of its address; its login is a Secret and is in no word that is shown. Must not know HTTP clients.
"""

from __future__ import annotations

import asyncio
import base64
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from nbchat.core.secrets import Secret
from nbchat.providers.errors import excerpt
from nbchat.providers.urls import is_loopback, origin

__all__ = ["Proxy", "TunnelRefused", "proxy_of"]

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class TunnelRefused(Exception):  # noqa: N818 - an answer of the proxy's, not a failure of ours
    """The proxy answered CONNECT with something other than a 2xx."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of this machine's environment; `login` is what it wants to hear, never shown."""

    scheme: str
    host: str
    port: int
    login: Secret | None = None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def parts(self) -> tuple[Secret, ...]:
        """The name and the password of its login, each by itself."""
        return () if self.login is None else tuple(Secret(part) for part in self.login.reveal().split(":", 1))

    async def tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: str) -> None:
        """Ask, on a connection to it, to be connected to `place` ("host:port"); raises TunnelRefused (RFC 9110, 9.3.6)."""
        login = ""
        if self.login is not None:
            login = f"Proxy-Authorization: Basic {base64.b64encode(self.login.reveal().encode()).decode()}\r\n"
        writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{login}\r\n".encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        if len(status) < 2 or not status[1].startswith("2"):
            raise TunnelRefused(excerpt(" ".join(status[1:]) or "no HTTP", (), 80))

    @classmethod
    def parse(cls, url: str) -> Proxy | None:
        """Return the proxy at this address, None for what is none."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        if not host:
            return None
        login = None
        if parts.username is not None:
            login = Secret(f"{unquote(parts.username)}:{unquote(parts.password or '')}")
        return cls(parts.scheme, host, port or _PORTS.get(parts.scheme, 80), login)


def proxy_of(base_url: str, given: str = "") -> Proxy | None:
    """Return the proxy through which requests to this URL go: the given one, else the environment's, which never counts for this
    machine."""
    scheme, host, _ = origin(base_url)
    if given:
        return Proxy.parse(given)
    if is_loopback(host):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(scheme) or proxies.get("all") or ""
    return Proxy.parse(found) if found and not urllib.request.proxy_bypass(host) else None
