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

__all__ = ["RedisServer", "redis_server"]


class RedisServer:
    """A running server. `options` are those of its command line, which a restart uses again."""

    def __init__(self, directory: Path, *options: str) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "the tests need redis-server: python3 -m tests installs it"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.directory = directory
        self._command = [program, "--bind", "127.0.0.1", "--dir", str(directory), "--save", "", "--logfile", "log", *options]
        if "--port" not in options:
            self._command += ["--port", str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What NBCHAT_STREAMS is set to."""
        return f"redis://127.0.0.1:{self.port}"

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
        """Send one command on a connection of its own; return the first line of the answer, a text as what it is."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            parts = [str(word).encode() for word in words]
            request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
            connection.sendall(request)
            answer = connection.makefile("rb")
            line = answer.readline()
            if line.startswith(b"$") and line != b"$-1\r\n":
                line = answer.read(int(line[1:]))
            if not line:
                raise OSError("closed")
            return line.decode().rstrip("\r\n")

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


@contextmanager
def redis_server(directory: Path, *options: str) -> Iterator[RedisServer]:
    """Run a server as long as the block lasts."""
    directory.mkdir(parents=True, exist_ok=True)
    server = RedisServer(directory, *options)
    try:
        server.start()
        yield server
    finally:
        server.kill()
