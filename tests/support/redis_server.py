"""A Redis server of a test's own: Debian's program on a free loopback port, in its own directory, killed at the end."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbchat.streams.redis.link import Link

__all__ = ["RedisServer", "patience", "redis_server"]


class RedisServer:
    """A running server. `options` are those of its command line, which a restart uses again."""

    def __init__(self, directory: Path, *options: str, tls: bool = False) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "the tests need redis-server: python3 -m tests installs it"
        self.port, self._tls_port = _free_port(), _free_port() if tls else 0
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.login: tuple[str, str] | None = None
        ports = ("--port", str(self.port), "--tls-port", str(self._tls_port))
        self._command = [program, "--bind", "127.0.0.1", *ports, "--dir", str(directory), "--save", "", *options]
        self._command += ["--logfile", "log"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What NBCHAT_STREAMS is set to."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The same, over TLS."""
        return f"rediss://127.0.0.1:{self._tls_port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while True:
            assert self._process.poll() is None, (self.directory / "log").read_text()
            try:
                if self.ask("PING") in ("+PONG", "-NOAUTH Authentication required."):
                    return
            except OSError:
                pass
            assert time.monotonic() < end, "redis-server did not start"
            time.sleep(0.005)

    def ask(self, *words: str | int) -> str:
        """Send one command on a connection of its own, as `login`; return the first line of the answer, a text as what it is."""
        return self._ask((("AUTH", *self.login),) if self.login else (), words)

    def ask_without_login(self, *words: str | int) -> str:
        """The same as nobody."""
        return self._ask((), words)

    def _ask(self, before: tuple[tuple[str, ...], ...], words: tuple[str | int, ...]) -> str:
        line = ""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection, connection.makefile("rb") as answer:
            for command in (*before, words):
                parts = [str(word).encode() for word in command]
                connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
                read = answer.readline()
                if read.startswith(b"$") and read != b"$-1\r\n":
                    read = answer.read(int(read[1:]) + 2)
                if not read:
                    raise OSError("closed")
                line = read.decode().rstrip("\r\n")
        return line

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power failure would; idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def age(self, seconds: float) -> None:
        """Let time pass for all keys: each has so much less left."""
        script = """
            for _, key in ipairs(redis.call('KEYS', '*')) do
                local rest = redis.call('PTTL', key)
                if rest >= 0 then redis.call('PEXPIRE', key, rest - ARGV[1]) end
            end
            return redis.status_reply('aged')
        """
        assert self.ask("EVAL", script, 0, round(seconds * 1000)) == "+aged"


def _free_port() -> int:
    """Return a port for a server, one so low that a cluster's server can have another 10,000 above it."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        if port < 55_000:
            return port


@contextmanager
def redis_server(directory: Path, *options: str, tls: bool = False) -> Iterator[RedisServer]:
    """Run a server as long as the block lasts."""
    server = RedisServer(directory, *options, tls=tls)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def patience(monkeypatch: pytest.MonkeyPatch, seconds: float = 60.0) -> None:
    """Let calls take so long (by default as long as they take: a second may be over because the machine is busy, or its disk)."""
    monkeypatch.setattr(Link.__init__, "__defaults__", (seconds,))
