"""Certificates are checked, always: by either transport, directly and behind a proxy; an own authority can be named."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from nbchat.core.errors import ConfigError, ProviderError
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import ModelRequest
from nbchat.core.secrets import Secret
from nbchat.providers.authorities import ssl_context
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.making import make_provider
from nbchat.providers.retry import RetryPolicy
from nbchat.runtime.clock import SystemClock
from tests.providers.raw_server import HELLO, KEY, Connection, framed, serving
from tests.providers.secure_server import CERTIFICATES, bundle, proxying, secure

REQUEST = ModelRequest("r1", "tiny", (Message("m1", "user", (TextPart("hi"),)),))
ANSWER = framed(HELLO, "length")
ROOT = Path(__file__).resolve().parents[2]
WAYS = ["direct", "proxy"]
SAYS = {
    "expired": ("has expired", "renew"),
    "wrong host": ("is for another host", "host's name"),
    "self-signed": ("is self-signed", "ca_bundle"),
    "foreign": ("is from an authority that is not known here", "ca_bundle"),
}


async def ask(base_url: str, *, ca_bundle: str = "", proxy: str = "", sent: list[str] | None = None) -> ProviderError | None:
    """Ask one question; returns how it failed, None for an answer. `sent` collects the types of the events."""
    provider = Provider("lab", base_url, key=KeyPlace("process"), ca_bundle=ca_bundle, proxy=proxy)
    endpoint = Endpoint(lambda: provider, lambda: (provider, Secret(KEY)), SystemClock(), retry=RetryPolicy(retries=0))
    try:
        async for batch in endpoint.stream(REQUEST):
            if sent is not None:
                sent.extend(event.type for event in batch)
    except ProviderError as error:
        return error
    finally:
        await endpoint.aclose()
    return None


def answered_by(certificate: str, way: str, folder: Path, *, host: str = "") -> tuple[ProviderError | None, int, list[str]]:
    """Ask a server with this certificate; returns the failure, how many requests reached the server, and the events' types."""

    async def main() -> tuple[ProviderError | None, int, list[str]]:
        authority, sent = trustme.CA(), list[str]()
        trusted = bundle(authority, folder)
        async with secure(certificate, ANSWER, authority) as server:
            if way == "direct":
                error = await ask(server.base_url, ca_bundle=trusted, sent=sent)
            else:
                async with proxying(server.port) as proxy:
                    url = f"https://{host or 'lab.example'}/v1"
                    error = await ask(url, ca_bundle=trusted, proxy=proxy.url, sent=sent)
                    assert all(KEY not in head for head in proxy.heads)
                    assert proxy.heads[0].startswith("CONNECT ")
            return error, len(server.requests), sent

    return asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize("way", WAYS)
def test_an_own_authority(way: str, tmp_path: Path) -> None:
    """A certificate from the authority in the file is good, directly and through a proxy."""
    error, requests, sent = answered_by("good", way, tmp_path)
    assert error is None
    assert requests == 1
    assert sent[0] == "request-sent"
    assert "finish" in sent


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("certificate", [each for each in CERTIFICATES if each != "good"])
def test_a_bad_certificate_is_refused_and_named(certificate: str, way: str, tmp_path: Path) -> None:
    """What is wrong with it, what to do, and that nothing was sent: no request, so no bill and no second try."""
    error, requests, sent = answered_by(certificate, way, tmp_path)
    assert error is not None
    assert (error.kind, error.code) == ("network", "tls")
    says, hint = SAYS[certificate]
    assert says in error.text
    assert hint in error.hint
    assert requests == 0
    assert sent == []


def test_a_server_without_tls_is_named() -> None:
    """https:// where http:// is spoken is a mistake in the address, and not tried again."""

    async def main() -> ProviderError | None:
        async def plain(connection: Connection) -> None:
            await connection.reader.read(65_536)
            await connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        async with serving(plain) as server:
            return await ask(server.base_url.replace("http://", "https://"))

    error = asyncio.run(main())
    assert error is not None
    assert (error.kind, error.code) == ("network", "tls")
    assert "does not speak TLS" in error.text
    assert "http://" in error.hint


def test_the_host_is_checked_behind_a_proxy(tmp_path: Path) -> None:
    """A proxy that leads elsewhere cannot pass another host's certificate off."""
    error, requests, sent = answered_by("good", "proxy", tmp_path, host="api.example.com")
    assert error is not None
    assert "is for another host" in error.text
    assert (requests, sent) == (0, [])


def test_without_the_bundle_the_authority_is_unknown() -> None:
    """The usual authorities do not vouch for it."""

    async def main() -> None:
        async with secure("good", ANSWER, trustme.CA()) as server:
            error = await ask(server.base_url)
            assert error is not None
            assert "authority that is not known here" in error.text
            assert not server.requests

    asyncio.run(main())


def test_insecure_is_not_about_certificates(tmp_path: Path) -> None:
    """`insecure` allows http://; there is no option that takes a bad certificate."""

    async def main() -> None:
        async with secure("self-signed", ANSWER, trustme.CA()) as server:
            provider = Provider("lab", server.base_url, insecure=True)
            endpoint = Endpoint(lambda: provider, lambda: (provider, None), SystemClock())
            with pytest.raises(ProviderError, match="self-signed"):
                await endpoint.list_models()
            await endpoint.aclose()

    asyncio.run(main())
    for context in (ssl_context(), ssl_context(bundle(trustme.CA(), tmp_path))):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_ssl_cert_file(tmp_path: Path) -> None:
    """The environment's authorities are the usual ones, for a process that is started with them."""
    script = (
        "import asyncio, sys\n"
        "from tests.providers.test_tls import ask\n"
        "try:\n"
        "    error = asyncio.run(ask(sys.argv[1], proxy=sys.argv[2]))\n"
        "except Exception as raised:\n"
        "    error = raised\n"
        "print('answered' if error is None else error)\n"
    )

    async def run(url: str, file: str, proxy: str = "") -> str:
        env = {**os.environ, "SSL_CERT_FILE": file}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, url, proxy, stdout=subprocess.PIPE, env=env, cwd=ROOT
        )
        out, _ = await process.communicate()
        return out.decode().strip()

    async def main() -> None:
        authority = trustme.CA()
        async with secure("good", ANSWER, authority) as server:
            trusted = bundle(authority, tmp_path)
            assert await run(server.base_url, trusted) == "answered"
            said = await run(server.base_url, str(tmp_path / "none.pem"))
            assert "none.pem) cannot be read" in said
            assert "SSL_CERT_FILE" in said
            async with proxying(server.port) as proxy:
                assert await run("https://lab.example/v1", trusted, proxy.url) == "answered"
        async with serving(ANSWER) as local:
            assert await run(local.base_url, str(tmp_path / "none.pem")) == "answered", "it needs no certificate"

    asyncio.run(main())


def test_a_bundle_that_is_missing_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said when it is given, and again when it has gone since: nothing is sent with other authorities instead."""
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")
    for path, says in ((tmp_path / "none.pem", "cannot be read"), (empty, "holds no certificate"), (tmp_path, "cannot be used")):
        with pytest.raises(ConfigError, match=says) as caught:
            make_provider("lab", base_url="https://x/v1", ca_bundle=path)
        assert "PEM" in caught.value.hint
    monkeypatch.chdir(tmp_path)
    here = bundle(trustme.CA(), tmp_path)
    provider, _ = make_provider("lab", base_url="https://127.0.0.1:9/v1", ca_bundle="ca.pem")
    assert provider.ca_bundle == here
    Path(here).unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        asyncio.run(ask(provider.base_url, ca_bundle=provider.ca_bundle))


def test_a_bundle_that_changes_counts_at_once(tmp_path: Path) -> None:
    """A renewed file is read for the next request; a file that did not change is read once."""
    path = bundle(trustme.CA(), tmp_path)
    first = ssl_context(path)
    assert ssl_context(path) is first

    async def main() -> None:
        authority = trustme.CA()
        async with secure("good", ANSWER, authority) as server:
            provider = Provider("lab", server.base_url, ca_bundle=path)
            endpoint = Endpoint(lambda: provider, lambda: (provider, None), SystemClock())
            with pytest.raises(ProviderError, match="not known here"):
                [batch async for batch in endpoint.stream(REQUEST)]
            bundle(authority, tmp_path)
            os.utime(path, ns=(1, 1))
            assert [batch async for batch in endpoint.stream(REQUEST)]
            await endpoint.aclose()

    asyncio.run(main())
