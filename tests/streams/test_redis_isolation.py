"""The server keeps owners apart: what the README says to type there is typed, and then nobody gets at another one's keys."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.events import TextDelta
from nbchat.sessions.ports import EventTransport, Job, JobStore
from nbchat.streams import open_streams
from tests.contracts.streams_base import END, START, Reader, text_of
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock
from tests.support.house import eventually
from tests.support.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.usefixtures("patient")
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of two people, set up as the README says, on which nobody else may do anything."""
    (line,) = re.findall(r"^ACL SETUSER ada .*$", README.read_text("utf-8"), re.MULTILINE)
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        for name in ("ada", "bob"):
            assert running.ask(*shlex.split(line.replace("ada", name).replace("PASSWORD", f"{name}s-word"))) == "+OK"
        running.login = ("root", "roots-word")
        assert running.ask_without_login("ACL", "SETUSER", "root", "on", ">roots-word", "~*", "&*", "+@all") == "+OK"
        assert running.ask("ACL", "SETUSER", "default", "off") == "+OK"
        yield running


@pytest.fixture
def server(started: RedisServer) -> RedisServer:
    """The same, empty."""
    started.ask("FLUSHALL")
    return started


def opened(server: RedisServer, user: str, owner: str) -> tuple[JobStore, EventTransport]:
    url = server.url.replace("//", f"//{user}:{user}s-word@")
    return open_streams(url, ManualClock(), owner=owner)


def test_everything_works_for_its_owner(server: RedisServer) -> None:
    """With no more rights than the README gives: jobs, logs, readers, notices, and the end of it all."""

    async def work() -> None:
        (jobs, log), (more_jobs, more_log) = opened(server, "ada", "ada"), opened(server, "ada", "ada")
        seen, reader = list[str](), Reader()
        await jobs.initialize()
        more_jobs.watch(lambda job: seen.append(job.status))
        await more_jobs.get_running_jobs()
        await jobs.create_job(Job("t1", "ada", "c1", 1), limit=5)
        await log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1)
        await reader.attach(more_log)
        for seq in range(2, 520):  # the older half becomes text
            await log.append("t1", 1, [TextDelta("b")], after=seq - 1, seq=seq)
        await jobs.renew(["t1"])
        assert await log.subscriber_count("t1") == 1
        assert await more_jobs.request_stop("t1", 1)
        await log.append("t1", 1, [END])
        assert await jobs.update_job("t1", 1, status="aborted")
        await eventually(lambda: seen[-1:] == ["aborted"] and reader.text == "a" + "b" * 518)
        assert text_of(await more_log.resume_state("t1")) == reader.text
        assert await jobs.cleanup() == 0
        await log.rewrite("t2", 1, [START], 1)
        await log.cleanup("t2")
        await jobs.delete_job("t1")
        await asyncio.gather(jobs.close(), log.close(), more_jobs.close(), more_log.close())

    finish_all(work())


def test_another_ones_keys_are_refused(server: RedisServer) -> None:
    """By the server, whatever the other kernel says that it is."""

    async def work() -> None:
        jobs, log = opened(server, "ada", "ada")
        await jobs.create_job(Job("t1", "ada", "c1", 1))
        await log.append("t1", 1, [START, TextDelta("private")])
        lying_jobs, lying_log = opened(server, "bob", "ada")
        for call in (
            lying_jobs.initialize(),
            lying_jobs.get_job("t1"),
            lying_jobs.get_running_jobs(),
            lying_jobs.create_job(Job("t2", "ada", "c1", 1)),
            lying_jobs.update_job("t1", 1, status="aborted"),
            lying_jobs.request_stop("t1", 1),
            lying_jobs.delete_job("t1"),
            lying_log.resume_state("t1"),
            lying_log.append("t1", 1, [TextDelta("x")]),
            lying_log.cleanup("t1"),
        ):
            with pytest.raises(ConfigError, match="does not allow this user") as caught:
                await call
            assert "nbchat:ada:*" in caught.value.hint
            assert "bobs-word" not in repr(caught.value)
        assert text_of(await log.resume_state("t1")) == "private"
        await asyncio.gather(jobs.close(), log.close(), lying_jobs.close(), lying_log.close())

    finish_all(work())


@pytest.mark.parametrize(
    "command",
    [
        "HGETALL nbchat:ada:job:t1",
        "XREAD STREAMS nbchat:ada:tail:t1 0",
        "XADD nbchat:ada:notices * kind job",
        "DEL nbchat:ada:job:t1",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "MONITOR",
        "FLUSHALL",
        "CONFIG GET requirepass",
        "CLIENT LIST",
        "ACL LIST",
        "SUBSCRIBE x",
        "EVAL \"return redis.call('KEYS', '*')\" 0",
        "EVAL \"return redis.call('HGETALL', 'nbchat:ada:job:t1')\" 0",
        "EVAL \"return redis.call('HGETALL', 'nbchat:ada:job:t1')\" 1 nbchat:bob:x",
    ],
)
def test_what_the_user_may_not_do(server: RedisServer, command: str) -> None:
    """Neither read nor write what is another one's, nor find out what there is."""
    server.login, root = ("bob", "bobs-word"), server.login
    try:
        answer = server.ask(*shlex.split(command))
    finally:
        server.login = root
    assert "NOPERM" in answer or "can't run this command" in answer or "can't access" in answer, answer
