"""HttpClient: connections to one base URL. There is no way to send its key elsewhere, and redirects are never followed.

Owns the way through a proxy, and the one place where a key becomes a header.
"""

from __future__ import annotations

import base64
import ssl
import urllib.request
from collections.abc import Mapping
from contextlib import suppress

import httpx

from nbchat.core.errors import ConfigError
from nbchat.core.secrets import Secret
from nbchat.providers.http import quiet
from nbchat.providers.http.direct import DirectTransport
from nbchat.providers.http.exchange import Exchange
from nbchat.providers.urls import check_proxy, is_loopback, join_url, origin, root_url

__all__ = ["HttpClient"]

quiet.install()


class HttpClient:
    """Connections to one base URL. `connect` is the bound on a connection's making, in seconds.

    `tls` says whose certificates are believed, None: nobody's. `proxy` is the URL of a proxy, "" takes the environment's; through
    one, httpx's own transport is used. Raises ConfigError for a proxy that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        connect: float,
        tls: ssl.SSLContext | None = None,
        proxy: str = "",
    ) -> None:
        self._base_url = base_url
        self._open = 0
        self._retired = False
        _same_place(base_url)
        context = tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        way, self._hidden = _way(base_url, proxy, context)
        self._via = "" if way is None else f"{way.url.host}:{way.url.port or way.url.scheme}"
        self._client = httpx.AsyncClient(
            transport=DirectTransport(context) if way is None else None,
            proxy=way,
            verify=context,
            headers={"User-Agent": "nbchat", **_lower(headers), "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(None, connect=connect),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            follow_redirects=False,
            trust_env=False,  # what of the environment counts is decided here
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        accept: str,
        key: Secret | None,
        key_header: str = "",
        root: bool = False,
    ) -> Exchange:
        """Start a request below the base URL, with `root` below its server's root (the same origin, without "/v1"); raises
        ConfigError for a key that no header can carry. `key_header` is the header that bears the key as it is, "" for
        Authorization."""
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = join_url(root_url(self._base_url) if root else self._base_url, path)
        request = self._client.build_request(method, url, content=body, headers=headers)
        if key:
            _authorize(request, key, key_header)
        self._open += 1
        secrets = (() if key is None else (key,)) + self._hidden
        return Exchange(self._client, request, secrets, self._gone, via=self._via)

    async def aclose(self) -> None:
        """Close all connections, the busy ones when their exchange ends; idempotent."""
        self._retired = True
        if not self._open:
            await self._client.aclose()

    async def _gone(self) -> None:
        self._open -= 1
        if self._retired and not self._open:
            await self._client.aclose()


def _authorize(request: httpx.Request, key: Secret, header: str) -> None:
    # The value is checked first: the error of a failed encoding would carry it along.
    if not all(33 <= ord(char) <= 126 for char in key.reveal()):
        raise ConfigError("The key holds characters that no key has.", hint="Copy it again, without spaces and quotes.")
    if header:
        request.headers[header] = key.reveal()
    else:
        request.headers["Authorization"] = "Bearer " + key.reveal()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with names that replace ours instead of standing beside them."""
    ours = {"user-agent": "User-Agent", "accept-encoding": "Accept-Encoding"}
    return {ours.get(name.lower(), name): value for name, value in headers.items()}


def _same_place(base_url: str) -> None:
    """What was checked is what httpx connects to: two parsers may read one URL differently."""
    try:
        url = httpx.URL(base_url)
        place = url.scheme, url.host.lower(), url.port or (443 if url.scheme == "https" else 80)
    except (httpx.InvalidURL, UnicodeError):  # UnicodeError: a host that no name system knows
        place = None
    if place != origin(base_url):
        raise ConfigError("The base URL can be read in two ways, or in none.", hint="Write it without special characters.")


def _way(base_url: str, proxy: str, tls: ssl.SSLContext) -> tuple[httpx.Proxy | None, tuple[Secret, ...]]:
    """Return the proxy to this URL and what of its address must not be shown; None: this machine is reached without one."""
    if proxy:
        return _proxy(check_proxy(proxy, base_url), tls), ()
    scheme, host, _ = origin(base_url)
    if is_loopback(host):
        return None, ()
    proxies = urllib.request.getproxies()
    given = proxies.get(scheme) or proxies.get("all")
    if not given or urllib.request.proxy_bypass(host):
        return None, ()
    way = None
    with suppress(httpx.InvalidURL, ValueError):  # the error would repeat the address, in which a password may stand
        way = _proxy(given if "://" in given else f"http://{given}", tls)
    if way is None or way.url.scheme not in ("http", "https") or not way.url.host:
        raise ConfigError(
            f"The environment's proxy for {scheme}:// cannot be used.",
            hint=f"Set {scheme.upper()}_PROXY to one like http://proxy.example.com:3128, or NO_PROXY={host} (no SOCKS).",
        )
    return way, _credentials(way)


def _proxy(url: str, tls: ssl.SSLContext) -> httpx.Proxy:
    return httpx.Proxy(url, ssl_context=tls if url.startswith("https:") else None)


def _credentials(way: httpx.Proxy) -> tuple[Secret, ...]:
    if way.auth is None:
        return ()
    return *map(Secret, way.auth), Secret(base64.b64encode(":".join(way.auth).encode()).decode("ascii"))
