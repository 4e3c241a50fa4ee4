"""Way: to a server, walked step by step (name, connection, proxy, TLS), so that the step that fails is named.

Each step has its own bound. No key and nothing of a conversation is sent: CONNECT to a proxy, and one `HEAD /` to a server that
is not on this machine, whose answer tells the time (a certificate that has expired is often a clock that is wrong). Must not
know providers.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from nbchat.core.findings import Finding
from nbchat.providers.certificates import EXPIRED, NOT_YET, certificate_finding, refused_certificate
from nbchat.providers.errors import excerpt
from nbchat.providers.proxies import Proxy, TunnelRefused
from nbchat.providers.urls import is_loopback, origin
from nbchat.sessions.tasks import within

__all__ = ["WALK_SECONDS", "Way", "server_time"]

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[Any]]]

DNS_SECONDS = 3.0
CONNECT_SECONDS = 3.0
TLS_SECONDS = 3.0
GREETING_SECONDS = 2.0
WALK_SECONDS = 12.0
"""More than all steps take together; only a certificate that has expired takes two handshakes."""
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def server_time(date: str) -> float | None:
    """Return the seconds since the epoch in a Date header (RFC 9110, 5.6.7), None for anything else."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


class Way:
    """The way to `base_url`; after `walk` its `findings` say how far it goes."""

    def __init__(
        self, base_url: str, *, tls: ssl.SSLContext, now: float, proxy: Proxy | None = None, resolve: Resolve | None = None
    ) -> None:
        scheme, self._host, self._port = origin(base_url)
        self._tls = tls if scheme == "https" else None
        self._now = now
        self._proxy = proxy
        self._resolve = resolve
        self._address = ""
        self._writers: list[asyncio.StreamWriter] = []
        self.findings: list[Finding] = []
        self.headers: dict[str, str] = {}
        """What the server said to `HEAD /`, by names in lower case; empty where it was not asked or said nothing."""

    async def walk(self) -> bool:
        """Walk until a step fails; says whether none did. Every connection is closed when this returns."""
        try:
            if self._proxy is not None:
                self._add("ok", "proxy", f"{self._proxy} is on the way")
            found = await self._look_up()
            if not found or not await self._connect(found):
                return False
            if self._proxy is not None and (self._tls is None or self._proxy.scheme != "http"):
                return True  # what comes behind is httpx's own way
            if self._tls is not None:
                return await self._trust(self._tls)
            if not is_loopback(self._host):
                reader, writer = await within(CONNECT_SECONDS, self._open(self._address))
                await self._greet(writer.transport, reader)
            return True
        finally:
            self._close()

    def _add(self, state: Any, about: str, text: str, hint: str = "") -> None:
        self.findings.append(Finding(state, about, text, hint))

    def _close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    @property
    def _first_hop(self) -> tuple[str, int]:
        return (self._host, self._port) if self._proxy is None else (self._proxy.host, self._proxy.port)

    @property
    def _authority(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    # ------------------------------------------------------------ the name

    async def _look_up(self) -> list[str]:
        """Return the first address of each family, none when there is no answer."""
        host, port = self._first_hop
        try:
            entries = await within(DNS_SECONDS, self._ask_resolver(host, port))
        except TimeoutError:
            self._add("wrong", "dns", f"the resolver says nothing about {host} within {DNS_SECONDS:g} s", _RESOLVER)
            return []
        except UnicodeError:  # an empty label, or one that is too long
            self._add("wrong", "dns", f"{excerpt(host, (), 80)} cannot be a host's name", _TYPO)
            return []
        except OSError as error:
            number = error.errno if isinstance(error, socket.gaierror) else None
            if number in _NO_SUCH_NAME:
                self._add("wrong", "dns", f"there is no host called {host}", _TYPO)
            elif number == socket.EAI_AGAIN:
                self._add("wrong", "dns", f"the resolver of this machine does not answer (asked for {host})", _RESOLVER)
            else:
                self._add("wrong", "dns", f"{host} cannot be looked up: {error.strerror or error}", _RESOLVER)
            return []
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        if not _is_address(host) and not is_loopback(host):
            more = f" and {len(addresses) - 3} more" if len(addresses) > 3 else ""
            self._add("ok", "dns", f"{host} is {', '.join(addresses[:3])}{more}")
        families = {entry[0]: str(entry[4][0]) for entry in reversed(entries)}
        return sorted(families.values(), key=addresses.index)

    async def _ask_resolver(self, host: str, port: int) -> list[Any]:
        if self._resolve is not None:
            return await self._resolve(host, port)
        return list(await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))

    # ------------------------------------------------------------ the connection

    async def _connect(self, addresses: list[str]) -> bool:
        clock = asyncio.get_running_loop()
        began = clock.time()

        async def attempt(address: str) -> float:
            await within(CONNECT_SECONDS, self._open(address))
            return clock.time() - began

        results = await asyncio.gather(*(attempt(each) for each in addresses), return_exceptions=True)
        open_ = {a: r for a, r in zip(addresses, results, strict=True) if isinstance(r, float)}
        failed = {a: _failure(r) for a, r in zip(addresses, results, strict=True) if isinstance(r, BaseException)}
        self._close()
        _, port = self._first_hop
        if not open_:
            words = "; ".join(f"{address} port {port} {what}" for address, what in failed.items())
            self._add("wrong", "connect", words, self._connect_hint(" ".join(failed.values())))
            return False
        self._address, seconds = next(iter(open_.items()))
        whose = "the proxy" if self._proxy is not None else self._address
        direct = "" if self._proxy is not None or is_loopback(self._host) else ", no proxy"
        text = f"{whose} takes connections on port {port} ({seconds * 1000:.0f} ms{direct})"
        bad = {address: what for address, what in failed.items() if "no way" not in what}  # no IPv6 here: nobody tries it
        if bad and not is_loopback(self._first_hop[0]):
            also = "; ".join(f"{address} {what}" for address, what in bad.items())
            self._add("note", "connect", f"{text}, but {also}", "Connections go the other way, some a moment later.")
        else:
            self._add("ok", "connect", text)
        return True

    async def _open(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(address, self._first_hop[1])
        self._writers.append(writer)
        return reader, writer

    def _connect_hint(self, failures: str) -> str:
        if self._proxy is not None:
            return "Check HTTPS_PROXY and its like; NO_PROXY names hosts that are reached without a proxy."
        if is_loopback(self._host):
            return f"Start the server, or correct the base URL: nothing takes connections on port {self._port} of this machine."
        if "refuses" in failures:
            return "The machine is there, but nothing listens on this port: check the base URL and whether the server runs."
        return "Is the network up? A firewall or a VPN may be in between; where a proxy is needed, set HTTPS_PROXY."

    # ------------------------------------------------------------ the proxy's tunnel, and TLS

    async def _trust(self, tls: ssl.SSLContext) -> bool:
        try:
            transport, reader = await within(TLS_SECONDS, self._secured(tls))
        except ssl.SSLCertVerificationError as error:
            self.findings.append(refused_certificate(error, self._host, await self._ahead(error)))
        except TunnelRefused as error:
            self._add("wrong", "proxy", f"{self._proxy} does not let {self._host} through: {error}", _TUNNEL)
        except ssl.SSLError as error:
            text = f"{self._host} does not speak TLS on port {self._port}: {excerpt(error.reason or str(error), (), 120)}"
            self._add("wrong", "tls", text, "A server without TLS is reached with http://; or the port is another one.")
        except TimeoutError:
            self._add("wrong", "tls", f"the TLS handshake does not end within {TLS_SECONDS:g} s", _IN_BETWEEN)
        except (OSError, EOFError) as error:
            text = f"the connection ends in the TLS handshake: {error.__class__.__name__}"
            self._add("wrong", "tls", text, _IN_BETWEEN)
        else:
            secured: ssl.SSLObject = transport.get_extra_info("ssl_object")
            self.findings.append(certificate_finding(secured.getpeercert() or {}, secured.version() or "TLS", self._now))
            if not is_loopback(self._host):
                await self._greet(transport, reader)
            return True
        return False

    async def _secured(self, tls: ssl.SSLContext) -> tuple[asyncio.Transport, asyncio.StreamReader]:
        """Open a new connection and begin TLS on it."""
        reader, writer = await self._open(self._address)
        if self._proxy is not None:
            await self._proxy.tunnel(reader, writer, f"{self._authority}:{self._port}")
        loop, protocol = asyncio.get_running_loop(), writer.transport.get_protocol()
        transport = await loop.start_tls(writer.transport, protocol, tls, server_hostname=self._host)
        assert transport is not None
        return transport, reader

    # ------------------------------------------------------------ the server's first words

    async def _greet(self, transport: asyncio.WriteTransport, reader: asyncio.StreamReader) -> None:
        """Ask for the head of `/`; a server that says nothing has no headers."""
        transport.write(f"HEAD / HTTP/1.1\r\nHost: {self._authority}\r\nUser-Agent: nbchat\r\nConnection: close\r\n\r\n".encode())
        try:
            head = await within(GREETING_SECONDS, reader.readuntil(b"\r\n\r\n"))
        except (OSError, EOFError, asyncio.LimitOverrunError):
            return
        lines = head.decode("latin-1").split("\r\n")[1:]
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

    async def _ahead(self, error: ssl.SSLCertVerificationError) -> float:
        """Return how far the server's clock is ahead of ours, where the certificate's dates do not hold; 0 for not known."""
        if error.verify_code not in (NOT_YET, EXPIRED):
            return 0.0
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE  # whoever answers is told nothing; one number is read
        try:
            await self._greet(*await within(TLS_SECONDS, self._secured(blind)))
        except (OSError, EOFError, TunnelRefused):
            return 0.0
        time = server_time(self.headers.get("date", ""))
        return 0.0 if time is None else time - self._now


_TYPO = "Check the base URL for a typing mistake. (A machine without a network often says the same.)"
_RESOLVER = "Is the network up? Look at the DNS server of this machine, its VPN, or its container's settings."
_IN_BETWEEN = "Something in between may cut encrypted connections: a firewall, a VPN, a proxy that is not configured here."
_TUNNEL = "407 wants a login in the proxy's URL; 403 is the proxy's own rule: ask who runs it, or name the host in NO_PROXY."


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _failure(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not error.errno:
        return f"does not answer within {CONNECT_SECONDS:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection"
    if isinstance(error, OSError) and error.errno in _NO_WAY:
        return "has no way to it from here"
    return f"fails: {excerpt(getattr(error, 'strerror', None) or str(error), (), 120)}"
