"""The way to a server: the step that fails is the one that is named, with what to do; nothing is left open."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from nbchat.core.findings import Finding
from nbchat.providers import reach
from nbchat.providers.proxies import Proxy, proxy_of
from nbchat.providers.reach import Way, server_time
from tests.providers.raw_server import Connection, serving
from tests.support.tls_server import certified, tls_server, trusting, tunnel

HOST = "lab.example.com"
DAY = timedelta(days=1)


def resolving(*addresses: str, error: Exception | None = None) -> Callable[[str, int], Awaitable[list[Any]]]:
    """A resolver that knows every name."""

    async def resolve(_host: str, port: int) -> list[Any]:
        if error is not None:
            raise error
        families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses]
        return [(f, socket.SOCK_STREAM, 6, "", (a, port)) for f, a in zip(families, addresses, strict=True)]

    return resolve


HERE = resolving("127.0.0.1")


def way(port: int, tls: ssl.SSLContext | None = None, **options: Any) -> Way:
    """The way to lab.example.com, which is this machine."""
    url = f"{'http' if tls is None else 'https'}://{HOST}:{port}/v1"
    options = {"now": time.time(), "resolve": HERE, **options}
    return Way(url, tls=tls or trusting(), **options)


async def walked(found: Way) -> dict[str, Finding]:
    """Walk, and return the findings by what they are about."""
    await found.walk()
    assert not found._writers, "a connection is left open"
    return {finding.about: finding for finding in found.findings}


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "there is no host called lab.example.com"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "the resolver of this machine does not answer"),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), "cannot be looked up: Non-recoverable failure"),
        (UnicodeError("label too long"), "cannot be a host's name"),
    ],
)
def test_a_name_that_is_not_there_and_a_resolver_that_is_not(error: Exception, words: str) -> None:
    """Two troubles with two cures; what follows is not tried."""
    found = asyncio.run(walked(way(443, resolve=resolving(error=error))))
    assert list(found) == ["dns"]
    assert (found["dns"].state, words in found["dns"].text) == ("wrong", True)
    assert found["dns"].hint


def test_a_resolver_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within its bound."""
    monkeypatch.setattr(reach, "DNS_SECONDS", 0.05)

    async def never(_host: str, _port: int) -> list[Any]:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # it never returns

    found = asyncio.run(walked(way(443, resolve=never)))
    assert "the resolver says nothing about lab.example.com within 0.05 s" in found["dns"].text


# ---------------------------------------------------------------- connections


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_port_where_nobody_listens() -> None:
    """Another hint for this machine than for others."""
    port = free_port()
    there = asyncio.run(walked(way(port)))
    assert there["dns"].text == "lab.example.com is 127.0.0.1"
    assert there["connect"].text == f"127.0.0.1 port {port} refuses the connection"
    assert "nothing listens on this port" in there["connect"].hint
    here = asyncio.run(walked(Way(f"http://127.0.0.1:{port}", tls=trusting(), now=0)))
    assert list(here) == ["connect"]
    assert "Start the server" in here["connect"].hint


def test_one_family_of_two_that_does_not_answer() -> None:
    """The other one does: a note, not a wall."""

    async def main() -> dict[str, Finding]:
        async with tls_server(None) as port:
            return await walked(way(port, resolve=resolving("::1", "127.0.0.1")))

    found = asyncio.run(main())
    assert (found["connect"].state, found["connect"].text.partition(", but ")[2]) == ("note", "::1 refuses the connection")


def test_a_connection_that_is_not_answered_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets that vanish: the bound ends the step, and the words say what it looks like."""
    monkeypatch.setattr(reach, "CONNECT_SECONDS", 0.05)

    async def main() -> dict[str, Finding]:
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)  # a queue for one, which is full: Linux then drops what comes
            for each in (first, second):
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            return await walked(way(full.getsockname()[1]))

    found = asyncio.run(main())
    assert "does not answer within 0.05 s" in found["connect"].text
    assert "firewall" in found["connect"].hint


# ---------------------------------------------------------------- TLS


def tls(
    *, name: str = HOST, trusted: bool = True, ends: datetime | None = None, date: float | None = None, now: float | None = None
) -> dict[str, Finding]:
    """Walk to a server with such a certificate, by a clock that shows `now`."""
    authority = trustme.CA(organization_name="Lab Authority")

    async def main() -> dict[str, Finding]:
        async with tls_server(certified(authority, name, ends), date=date) as port:
            return await walked(way(port, trusting(authority if trusted else None), now=now or time.time()))

    return asyncio.run(main())


def test_a_certificate_that_is_trusted() -> None:
    """Issuer and days left; a note in its last two weeks."""
    at = datetime.now(timezone.utc)
    good = tls(ends=at + 60.5 * DAY)["tls"]
    assert (good.state, good.text) == ("ok", "TLSv1.3, certificate by Lab Authority, valid for 60 days more")
    late = tls(ends=at + 13.5 * DAY)["tls"]
    assert (late.state, late.text[-22:], late.hint[:10]) == ("note", "valid for 13 days more", "It expires")


def test_certificates_that_are_refused_are_told_apart() -> None:
    """Unknown authority, another host's, and expired."""
    unknown = tls(trusted=False)["tls"]
    assert "is from an authority that is not known here" in unknown.text
    assert "SSL_CERT_FILE" in unknown.hint
    other = tls(name="other.example.com")["tls"]
    assert other.text == "lab.example.com: its certificate is for another host"
    past = datetime.now(timezone.utc) - DAY
    expired = tls(ends=past, date=time.time())["tls"]
    assert (expired.text, "renew" in expired.hint) == ("lab.example.com: its certificate has expired", True)
    assert {each.state for each in (unknown, other, expired)} == {"wrong"}


def test_an_expired_certificate_may_be_a_clock_that_is_wrong() -> None:
    """The server's own time tells: it is asked without trust, without a key, for nothing else."""
    then = datetime.now(timezone.utc) - DAY
    found = tls(ends=then, date=then.timestamp() - 40 * 86_400)["tls"]  # to the server, the certificate still holds
    assert found.text.endswith("has expired by this machine's clock, which is 41 days ahead of the server's")
    assert "Set the clock" in found.hint


def test_what_is_no_tls() -> None:
    """A server that speaks plain HTTP calls the handshake a bad request."""

    async def plain(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async def main() -> dict[str, Finding]:
        async with serving(plain) as server:
            return await walked(way(urlsplit(server.base_url).port or 0, trusting()))

    found = asyncio.run(main())
    assert (found["connect"].state, found["tls"].state) == ("ok", "wrong")
    assert "does not speak TLS" in found["tls"].text
    assert "http://" in found["tls"].hint


def test_a_handshake_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within its bound."""
    monkeypatch.setattr(reach, "TLS_SECONDS", 0.05)

    async def main() -> dict[str, Finding]:
        async with tls_server(None, silent=True) as port:
            return await walked(way(port, trusting()))

    assert "the TLS handshake does not end within 0.05 s" in asyncio.run(main())["tls"].text


def test_what_the_server_calls_itself_and_its_time() -> None:
    """From its first words, also without TLS; a server that says none is no trouble."""
    authority = trustme.CA()

    async def main(context: ssl.SSLContext | None) -> dict[str, str]:
        async with tls_server(context, date=1_760_000_000.0) as port:
            found = way(port, context and trusting(authority))
            assert await found.walk()
            return found.headers

    for context in (None, certified(authority, HOST)):
        headers = asyncio.run(main(context))
        assert (headers["server"], server_time(headers["date"])) == ("nginx", 1_760_000_000.0)
    assert server_time("yesterday") is None


# ---------------------------------------------------------------- proxies


def through(*, login: str = "", status: str = "200 OK", given: str = "") -> tuple[dict[str, Finding], list[str], str]:
    """Walk through a proxy; returns the findings, what the proxy was asked, and everything that can be seen."""
    authority = trustme.CA(organization_name="Lab Authority")

    async def main() -> tuple[dict[str, Finding], list[str], str]:
        async with tls_server(certified(authority, HOST)) as port, tunnel(port, login=login, status=status) as proxy:
            given_proxy = Proxy.parse(f"http://{given}127.0.0.1:{proxy.port}")
            found = Way(f"https://{HOST}:{port}/v1", tls=trusting(authority), now=time.time(), proxy=given_proxy)
            return await walked(found), proxy.asked, repr((found.findings, given_proxy, str(given_proxy)))

    return asyncio.run(main())


def test_through_a_proxy_the_certificate_is_seen_all_the_same() -> None:
    """It is the proxy that looks the name up, so nothing is said of DNS; its login is nowhere."""
    found, asked, seen = through(login="me:CANARY-pass", given="me:CANARY-pass@")
    assert list(found) == ["proxy", "connect", "tls"]
    assert found["connect"].text.startswith("the proxy takes connections")
    assert found["tls"].text.startswith("TLSv1.3, certificate by Lab Authority")
    assert asked[0].startswith(f"CONNECT {HOST}:")
    assert "CANARY" not in seen


def test_a_proxy_that_refuses() -> None:
    """It is the proxy that is to blame, and its own number says why."""
    for options, number in (({"login": "me:x"}, "407"), ({"status": "403 Forbidden"}, "403")):
        found, _, _ = through(**options)
        assert found["proxy"].state == "wrong"
        assert number in found["proxy"].text


def test_which_proxy_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never one for this machine; none for the hosts in NO_PROXY; the port as it is, or the scheme's."""
    monkeypatch.setenv("https_proxy", "proxy.corp:3128")
    monkeypatch.setenv("no_proxy", "inside.example.com")
    assert str(proxy_of("https://api.example.com/v1")) == "http://proxy.corp:3128"
    assert proxy_of("https://inside.example.com/v1") is None
    assert proxy_of("https://localhost/v1") is None
    assert proxy_of("http://api.example.com/v1") is None
    assert str(Proxy.parse("http://u:p@proxy.corp")) == "http://proxy.corp:80"
    assert Proxy.parse("http://[") is None
