"""Two processes on a Redis server that dies in mid-answer and comes back: nobody waits, nothing is lost, both say so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nbchat.testing import Gate, Reply, ScriptedServer
from tests.support.kernel_process import KernelProcess
from tests.support.redis_server import redis_server

WORDS = [f"w{number} " for number in range(60)]
OPEN = """
def words(count):
    until(lambda: len(s.streaming_text.split()) == count)
s = nbchat.session('notes')
"""


@pytest.mark.alone
def test_a_server_that_dies_and_comes_back(tmp_path: Path) -> None:
    """The answer goes on where it runs, without a stall; the other kernel catches up; the notices come and go."""
    gate = Gate()
    replies = [Reply.text(tokens=WORDS, gate=gate)]
    home = tmp_path / "home"
    with (
        ScriptedServer(replies, models=("tiny",)) as server,
        redis_server(tmp_path / "redis") as redis,
        KernelProcess(home, server, NBCHAT_STREAMS=redis.url) as a,
        KernelProcess(home, server, NBCHAT_STREAMS=redis.url) as b,
    ):
        for kernel in (a, b):
            kernel.run(OPEN)
        a.run("t = s.send('count')")
        gate.release(10)
        b.run("words(10)")
        redis.kill()
        before = time.monotonic()
        gate.release(10)
        a.run("words(20)")
        assert time.monotonic() - before < 2  # of which the token's own way is a part
        for kernel in (a, b):
            kernel.run("until(lambda: s.notice is not None)")
            assert "Other kernels cannot follow" in kernel.run("out = s.notice.text")
        redis.start()
        b.run("words(20)")
        for kernel in (a, b):
            kernel.run("until(lambda: s.notice is None)")
        gate.open()
        assert b.run("until(lambda: s.status == 'idle'); out = s.messages[-1].text") == "".join(WORDS)
        assert a.run("out = t.result().text") == "".join(WORDS)
        assert a.run("out = nbchat.manager.figures['dropped']") >= 1
