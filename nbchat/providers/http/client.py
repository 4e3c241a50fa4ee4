"""HttpClient: connections to one base URL. There is no way to send its key elsewhere, and redirects are never followed.

Owns TLS, the way through a proxy, and the one place where a key becomes a header.
"""

from __future__ import annotations

import ssl
import threading
import urllib.request
from collections.abc import Mapping

import httpx

from nbchat.core.errors import ConfigError
from nbchat.core.secrets import Secret
from nbchat.providers.http import quiet
from nbchat.providers.http.direct import DirectTransport
from nbchat.providers.http.exchange import Exchange
from nbchat.providers.urls import is_loopback, join_url, origin

__all__ = ["HttpClient", "ssl_context"]

_tls_lock = threading.Lock()
_tls: list[ssl.SSLContext] = []

quiet.install()


def ssl_context() -> ssl.SSLContext:
    """Return the process's TLS context, made once (60 to 80 ms: call it on a thread)."""
    with _tls_lock:
        if not _tls:
            _tls.append(httpx.create_ssl_context())
        return _tls[0]


class HttpClient:
    """Connections to one base URL. `connect` is the bound on a connection's making, in seconds."""

    def __init__(self, base_url: str, headers: Mapping[str, str], *, connect: float, tls: ssl.SSLContext | None = None) -> None:
        self._base_url = base_url
        self._open = 0
        self._retired = False
        transport = None if _proxied(base_url) else DirectTransport(tls or ssl_context())
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=tls or ssl_context(),
            headers={**headers, "Accept-Encoding": "identity", "User-Agent": "nbchat"},
            timeout=httpx.Timeout(None, connect=connect),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            follow_redirects=False,
        )

    def send(self, method: str, path: str, *, body: bytes | None = None, accept: str, key: Secret | None) -> Exchange:
        """Start a request below the base URL; raises ConfigError for a key that no header can carry."""
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = self._client.build_request(method, join_url(self._base_url, path), content=body, headers=headers)
        if key:
            _authorize(request, key)
        self._open += 1
        return Exchange(self._client, request, () if key is None else (key,), self._gone)

    async def aclose(self) -> None:
        """Close all connections, the busy ones when their exchange ends; idempotent."""
        self._retired = True
        if not self._open:
            await self._client.aclose()

    async def _gone(self) -> None:
        self._open -= 1
        if self._retired and not self._open:
            await self._client.aclose()


def _authorize(request: httpx.Request, key: Secret) -> None:
    # The value is checked first: the error of a failed encoding would carry it along.
    if not all(33 <= ord(char) <= 126 for char in key.reveal()):
        raise ConfigError("The key holds characters that no key has.", hint="Copy it again, without spaces and quotes.")
    request.headers["Authorization"] = "Bearer " + key.reveal()


def _proxied(base_url: str) -> bool:
    """Say whether the environment sends requests to this URL through a proxy; this machine is reached without one."""
    scheme, host, _ = origin(base_url)
    if is_loopback(host):
        return False
    proxies = urllib.request.getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(host)
