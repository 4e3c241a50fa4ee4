"""The connection: many calls at once, none longer than a second, other processes' connections left alone, nothing left open."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.sessions.ports import StreamsError
from nbchat.streams.redis import link as links
from nbchat.streams.redis.address import Address
from nbchat.streams.redis.link import Link
from nbchat.streams.redis.scripts import Script
from nbchat.streams.redis.server import Server
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock
from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


def connections(server: RedisServer) -> int:
    """How many connections the server has, besides the one that asks."""
    return server.ask("CLIENT", "LIST", "TYPE", "normal").count(" addr=") - 1


@pytest.mark.usefixtures("patient")
def test_many_calls_at_once(server: RedisServer) -> None:
    """They share a connection, get their own answers, and an error is only its own call's."""

    async def work() -> None:
        link = Link(Address.parse(server.url))
        calls = [link.call("ECHO", str(number)) for number in range(500)]
        calls.insert(7, link.call("NO-SUCH-COMMAND"))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert "unknown command" in str(answers.pop(7))
        assert answers == [str(number) for number in range(500)]
        assert connections(server) == 1
        await link.close()
        await link.close()
        with pytest.raises(StreamsError, match="closed"):
            await link.call("PING")

    finish_all(work())


@pytest.mark.alone
def test_loading_is_not_the_servers_fault(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes to load redis-py, the loop goes on meanwhile, and nobody says that the server does not answer."""
    read = threading.Event()

    def slowly(name: str) -> object:
        assert read.wait(30)
        return import_module(name)

    async def work() -> None:
        patient = Link(Address.parse(server.url), 0.2)
        asyncio.get_running_loop().call_later(0.3, read.set)
        assert await asyncio.gather(*(patient.call("ECHO", each) for each in "ab")) == ["a", "b"]
        await patient.close()

    import_module = importlib.import_module
    monkeypatch.setattr(links, "_loaded", threading.Event())
    monkeypatch.setattr(importlib, "import_module", slowly)
    finish_all(work())


@pytest.mark.alone
def test_a_silent_server_holds_nobody_up(server: RedisServer) -> None:
    """Calls of before and after it fell silent end after a second; once it speaks again, so does the link."""

    async def work() -> None:
        link = Link(Address.parse(server.url))
        assert await link.call("PING") == "PONG"
        server.signal(signal.SIGSTOP)
        try:

            async def timed(after: float) -> float:
                await asyncio.sleep(after)
                start = time.monotonic()
                with pytest.raises(Exception, match="no answer in time"):
                    await link.call("PING")
                return time.monotonic() - start

            assert max(await asyncio.gather(*(timed(number / 20) for number in range(10)))) < 1.5
        finally:
            server.signal(signal.SIGCONT)
        assert await link.call("PING") == "PONG"
        await link.close()

    finish_all(work())


@pytest.mark.usefixtures("patient")
def test_a_call_that_is_given_up(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever is cancelled while it waits disturbs no other call, and no answer goes to the wrong one."""

    async def work() -> None:
        link = Link(Address.parse(server.url))
        for number in range(50):
            given_up = asyncio.ensure_future(link.call("NO-SUCH-COMMAND" if number % 2 else "ECHO", "nobody's"))
            kept = asyncio.ensure_future(link.call("ECHO", str(number)))
            for _ in range(number % 7):
                await asyncio.sleep(0)
            given_up.cancel()
            assert await kept == str(number)
        await link.close()
        gc.collect()
        assert not caplog.records, "who gave up is told nothing"

    finish_all(work())


@pytest.mark.usefixtures("patient")
def test_a_connection_that_was_closed_while_it_rested(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried first, so that no call fails for it."""
    monkeypatch.setattr("nbchat.streams.redis.link._IDLE_SECONDS", -1.0)

    async def work() -> None:
        link = Link(Address.parse(server.url))
        for _ in range(3):
            assert await link.call("PING") == "PONG"
            server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await link.close()

    finish_all(work())


@pytest.mark.usefixtures("patient")
def test_scripts_are_sent_once(server: RedisServer) -> None:
    """A server knows a script by its name from the first time on; one that forgot it is told again."""
    script = Script("return ARGV[1] .. ARGV[2]")

    async def work() -> None:
        one = Server(Address.parse(server.url), "me", ManualClock())
        for _ in range(2):
            assert await one.run(script, "a", 1) == "a1"
            assert await one.run(script, "ß", 2) == "ß2"
            server.ask("SCRIPT", "FLUSH")
        for _ in range(2):
            await one.release()

    finish_all(work())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
@pytest.mark.usefixtures("patient")
def test_a_forked_process_has_a_connection_of_its_own(server: RedisServer) -> None:
    """The child neither uses nor closes its parent's, also when it ends."""

    async def parent() -> None:
        link = Link(Address.parse(server.url))
        assert await link.call("ECHO", "parent") == "parent"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests may have left threads
            child = os.fork()
        if child == 0:
            os._exit(asyncio.new_event_loop().run_until_complete(in_child(link)))
        assert os.waitstatus_to_exitcode((await asyncio.to_thread(os.waitpid, child, 0))[1]) == 0
        assert await link.call("ECHO", "still") == "still"
        await link.close()

    async def in_child(link: Link) -> int:
        try:
            assert await link.call("ECHO", "child") == "child"
            assert connections(server) == 2
            await link.close()
        except BaseException:
            return 1
        return 0

    finish_all(parent())


@pytest.mark.usefixtures("patient")
def test_nothing_stays_open(server: RedisServer, tmp_path: Path) -> None:
    """Whatever happened before the end: no connection, no task, no warning."""

    async def work() -> None:
        address = Address.parse(server.url)
        idle, used, busy, failed = Link(address), Link(address), Link(address), Link(Address.parse("redis://127.0.0.1:1"))
        await used.call("PING")
        with pytest.raises(Exception, match="connecting to 127"):
            await failed.call("PING")
        waiting = asyncio.ensure_future(busy.call("XREAD", "BLOCK", 0, "STREAMS", "nothing", "0"))
        await asyncio.sleep(0)
        for link in (idle, used, busy, failed):
            await link.close()
        with pytest.raises(StreamsError, match="closed"):
            await waiting
        assert len(asyncio.all_tasks()) == 1

    finish_all(work())
    gc.collect()  # what was left open would warn here
    deadline = time.monotonic() + 30
    while connections(server):
        assert time.monotonic() < deadline
