"""Set-ups that cannot work are told from servers in trouble, in plain words that say what to do; real servers all of them."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from pathlib import Path

import pytest
import trustme

from nbchat.core.errors import ChatError, ConfigError
from nbchat.core.events import TextDelta
from nbchat.sessions.ports import StreamsError
from nbchat.streams import open_streams
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock
from tests.support.redis_server import redis_server


def trouble(url: str) -> ChatError:
    """What connecting and writing ends with, and long before redis-py's own attempts (14 s) would be over."""

    async def work() -> None:
        jobs, log = open_streams(url, ManualClock(), owner="me")
        start = time.monotonic()
        try:
            await jobs.initialize()
            await log.append("t1", 1, [TextDelta("a")])
        finally:
            assert time.monotonic() - start < 10
            await log.close()
            await jobs.close()

    with pytest.raises(ChatError) as caught:
        finish_all(work())
    whole = "".join(traceback.format_exception(caught.value))
    assert "secret-word" not in whole
    assert "redis.exceptions" not in whole, "what redis-py had in its hands hangs on it"
    return caught.value


def test_nobody_is_there() -> None:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = trouble(f"redis://127.0.0.1:{free.getsockname()[1]}")
    assert isinstance(error, StreamsError)
    assert "refuses connections" in str(error)


def test_no_such_host() -> None:
    """A name that is nobody's."""
    error = trouble("redis://no-such-host.invalid")
    assert isinstance(error, StreamsError)
    assert "no-such-host.invalid:6379" in str(error)


@pytest.mark.parametrize("tls", ["", "s"])
def test_silence(tls: str) -> None:
    """Who listens and says nothing is waited for a second."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = trouble(f"redis{tls}://:secret-word@127.0.0.1:{silent.getsockname()[1]}")
    assert isinstance(error, StreamsError)
    assert error.text.endswith("does not answer.")


def test_something_else() -> None:
    """What speaks, but not as Redis does."""

    async def work() -> ChatError:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await asyncio.to_thread(trouble, f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    error = finish_all(work())
    assert isinstance(error, ConfigError)
    assert "no Redis server" in str(error)


def test_logins(tmp_path: Path) -> None:
    """No login, a wrong one, and one that is not asked for."""
    with redis_server(tmp_path, "--requirepass", "right") as server:
        for url, said in (
            (server.url, "asks for a login"),
            (server.url.replace("//", "//:secret-word@"), "refuses the login"),
            (server.url.replace("//", "//ada:secret-word@"), "refuses the login"),
        ):
            error = trouble(url)
            assert isinstance(error, ConfigError)
            assert said in str(error)
            assert "NBCHAT_STREAMS" in str(error)


def test_what_the_server_has_not(tmp_path: Path) -> None:
    """A database that is not there; a cluster; a server without the commands that are needed."""
    with redis_server(tmp_path / "one") as server:
        error = trouble(f"{server.url}/99")
        assert isinstance(error, ConfigError)
        assert "no database of that number" in str(error)
        server.ask("SET", "nbchat:me:log:t1", "something else")
        error = trouble(server.url)
        assert isinstance(error, ConfigError)
        assert "?prefix=NAME" in error.hint
    with redis_server(tmp_path / "cluster", "--cluster-enabled", "yes") as server:
        error = trouble(server.url)
        assert isinstance(error, ConfigError)
        assert "Redis Cluster" in str(error)
    with redis_server(tmp_path / "old", "--rename-command", "XRANGE", "") as server:
        error = trouble(server.url)
        assert isinstance(error, ConfigError)
        assert "too old" in str(error)


def test_a_copy_takes_no_changes(tmp_path: Path) -> None:
    """A server that was made a copy of another one, and a full one: both may pass."""
    with redis_server(tmp_path) as server:
        server.ask("REPLICAOF", "127.0.0.1", "1")
        error = trouble(server.url)
        assert isinstance(error, StreamsError)
        assert "takes no changes" in str(error)
        server.ask("REPLICAOF", "NO", "ONE")
        server.ask("CONFIG", "SET", "maxmemory", "1")
        error = trouble(server.url)
        assert isinstance(error, StreamsError)
        assert "is full" in str(error)


def test_tls(tmp_path: Path) -> None:
    """rediss:// is trusted where the authority is; what is wrong with it otherwise is said, and plain text to it too."""
    authority, certificate = trustme.CA(), tmp_path / "server.pem"
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    files = (
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(certificate),
        "--tls-ca-cert-file",
        str(tmp_path / "ca.pem"),
    )
    with redis_server(tmp_path / "redis", *files, "--tls-auth-clients", "no", tls=True) as server:
        error = trouble(server.tls_url)
        assert isinstance(error, ConfigError)
        assert "not trusted" in str(error)
        assert "?ssl_ca_certs=" in error.hint
        error = trouble(f"{server.tls_url}?ssl_ca_certs={tmp_path}/missing.pem")
        assert isinstance(error, ConfigError)
        assert "not there" in str(error)
        error = trouble(server.tls_url.replace("127.0.0.1", "localhost") + f"?ssl_ca_certs={tmp_path}/ca.pem")
        assert isinstance(error, ConfigError)
        assert "not trusted" in str(error)
        error = trouble(server.tls_url.replace("rediss", "redis"))
        assert "want TLS" in str(error)
        error = trouble(server.url.replace("redis:", "rediss:"))  # which waits for the end of a line
        assert "for TLS?" in str(error)

        async def work() -> None:
            jobs, log = open_streams(f"{server.tls_url}?ssl_ca_certs={tmp_path}/ca.pem", ManualClock(), owner="me")
            await jobs.initialize()
            assert await log.append("t1", 1, [TextDelta("a")]) == 1
            await jobs.close()
            await log.close()

        finish_all(work())
