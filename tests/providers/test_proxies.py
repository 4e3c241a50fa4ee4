"""The way through a proxy: a provider's own or the environment's; credentials that stay unseen; failures that name it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.models import Provider
from nbchat.providers.endpoint import Endpoint
from nbchat.runtime.clock import SystemClock
from tests.providers.raw_server import HELLO, Connection, framed, serving
from tests.providers.secure_server import bundle, proxying, secure
from tests.providers.test_tls import REQUEST, ask

VARIABLES = [name for each in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (each, each.upper())]
PASSWORD = "pw-CANARY-41"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without proxies."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_a_providers_own_proxy(tmp_path: Path) -> None:
    """The request goes through the proxy, which sees the host's name and nothing else; the next provider goes another way."""

    async def main() -> None:
        authority = trustme.CA()
        trusted = bundle(authority, tmp_path)
        async with secure("good", framed(HELLO, "length"), authority) as server, proxying(server.port) as proxy:
            assert await ask("https://lab.example/v1", ca_bundle=trusted, proxy=proxy.url) is None
            assert proxy.heads[0].startswith("CONNECT lab.example:443 HTTP/1.1\r\n")
            assert "authorization" not in proxy.heads[0].lower()
            assert await ask(server.base_url, ca_bundle=trusted) is None
            assert len(proxy.heads) == 1
            assert len(server.requests) == 2

    asyncio.run(main())


@pytest.mark.parametrize("good", [True, False])
def test_a_proxy_that_speaks_tls_itself(good: bool, tmp_path: Path) -> None:
    """Its certificate is checked as the server's is, against the same authorities."""

    async def main() -> None:
        authority = trustme.CA()
        trusted, context = bundle(authority, tmp_path), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (authority if good else trustme.CA()).issue_cert("127.0.0.1").configure_cert(context)
        async with secure("good", framed(HELLO, "length"), authority) as server, proxying(server.port, tls=context) as proxy:
            url = proxy.url.replace("http://", "https://")
            error = await ask("https://lab.example/v1", ca_bundle=trusted, proxy=url)
            if good:
                assert error is None
            else:
                assert error is not None
                assert error.code == "tls"
                assert (proxy.heads, server.requests) == ([], [])

    asyncio.run(main())


def test_the_environments_proxy_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its user name and password go to the proxy alone, and NO_PROXY counts."""

    async def main() -> None:
        authority = trustme.CA()
        trusted = bundle(authority, tmp_path)
        async with secure("good", framed(HELLO, "length"), authority) as server, proxying(server.port) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
            assert await ask("https://lab.example/v1", ca_bundle=trusted) is None
            assert "proxy-authorization: basic " in proxy.heads[0].lower()
            assert "proxy-authorization" not in server.requests[0].headers
            monkeypatch.setenv("NO_PROXY", "lab.example")
            assert await ask("https://lab.example/v1", ca_bundle=trusted) is not None  # no such host
            assert len(proxy.heads) == 1

    asyncio.run(main())


@pytest.mark.parametrize("own", [True, False])
def test_a_proxy_that_refuses_is_named_and_nothing_was_sent(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the proxy's, without its password; the request has not left, so it is billed to nobody."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

    async def main() -> None:
        async with proxying(9, answer=refusal) as proxy:
            if not own:
                monkeypatch.setenv("https_proxy", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
            sent: list[str] = []
            error = await ask("https://lab.example/v1", proxy=proxy.url if own else "", sent=sent)
            assert error is not None
            assert (error.kind, error.code) == ("network", "proxy")
            assert f"through the proxy 127.0.0.1:{proxy.port}" in error.text
            assert "407" in error.text
            assert "HTTPS_PROXY" in error.hint
            assert "CANARY" not in str(error)
            assert sent == []

    asyncio.run(main())


def test_a_proxy_that_is_not_there() -> None:
    """It is the proxy that is to be checked, not the server."""

    async def main() -> ProviderError | None:
        return await ask("https://lab.example/v1", proxy="http://127.0.0.1:9")

    error = asyncio.run(main())
    assert error is not None
    assert (error.kind, error.code) == ("network", "connect")
    assert "through the proxy 127.0.0.1:9" in error.text
    assert "proxy" in error.hint


@pytest.mark.parametrize(
    "value", [f"socks5://me:{PASSWORD}@127.0.0.1:1080", f"http://me:{PASSWORD}@127.0.0.1:x", f"ftp://{PASSWORD}", "http://"]
)
def test_an_environment_that_names_no_proxy(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set-up error that says which variable, and does not repeat its value; this machine is reached all the same."""

    async def main() -> None:
        monkeypatch.setenv("ALL_PROXY", value)
        with pytest.raises(ConfigError, match="proxy for https") as caught:
            await ask("https://lab.example/v1")
        assert "HTTPS_PROXY" in caught.value.hint
        assert "CANARY" not in str(caught.value)
        async with serving(framed(HELLO, "length")) as server:
            assert await ask(server.base_url) is None

    asyncio.run(main())


def test_an_own_proxy_is_not_for_this_machine() -> None:
    """What a database holds is checked again: a request for a server here would go to the proxy's own machine, in the clear."""
    with pytest.raises(ConfigError, match="this machine"):
        asyncio.run(ask("http://127.0.0.1:9/v1", proxy="http://127.0.0.1:3128"))


def test_a_change_of_the_way_counts_for_the_next_request() -> None:
    """The connections of an endpoint are made anew when its proxy changes; one that was asked for nothing else."""

    async def script(connection: Connection) -> None:
        await connection.request()
        heads.append(connection.head.split("\r\n")[0])
        await connection.send(framed(HELLO, "length"))

    heads: list[str] = []

    async def main() -> None:
        async with serving(script) as first, serving(script) as second:
            providers = [
                Provider("lab", "http://lab.example/v1", insecure=True, proxy=each.base_url.removesuffix("/v1"))
                for each in (first, second)
            ]
            endpoint = Endpoint(lambda: providers[0], lambda: (providers[0], None), SystemClock())
            for _ in range(2):
                assert [batch async for batch in endpoint.stream(REQUEST)]
                providers.reverse()
            await endpoint.aclose()
            assert len(first.connections) == len(second.connections) == 1
            assert heads == ["POST http://lab.example/v1/chat/completions HTTP/1.1"] * 2

    asyncio.run(main())
