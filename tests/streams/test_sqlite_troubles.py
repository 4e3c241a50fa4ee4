"""What can happen to the file that kernels share while it is used: each is said in a sentence, and over when it is over."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nbchat.core.events import TextDelta
from nbchat.sessions.ports.streams import LEASE_SECONDS
from nbchat.streams.sqlite import file as sqlite_file
from nbchat.streams.sqlite.file import StreamsFile
from nbchat.streams.sqlite.jobs import SqliteJobStore
from nbchat.streams.sqlite.trouble import explain, is_busy
from tests.contracts.streams_base import START, Reader, a_job, text_of
from tests.contracts.values import finish_all
from tests.streams.sqlite_places import as_command, impatient, in_process, kernel, refused, run_program, works
from tests.support.clock import ManualClock
from tests.support.house import eventually

unix = pytest.mark.skipif(sys.platform == "win32", reason="no modes, limits and forks there")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "streams.db"


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory for a child that gives up root's rights: pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        if os.getuid() == 0:
            os.chown(home, 65534, 65534)
        yield home
        home.chmod(0o755)


def test_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program keeps the file locked: said, tried again, and the same connection goes on."""
    impatient(monkeypatch)

    async def work() -> None:
        async with kernel(path) as here:
            await works(here)
            with closing(sqlite3.connect(path)) as db:
                db.execute("BEGIN IMMEDIATE")
                assert "locked" in await refused(lambda: here.jobs.create_job(a_job()))
                assert text_of(await here.log.resume_state("works")) == "it works"
            await works(here, "again")

    finish_all(work())


def test_wishes_outlast_trouble(path: Path) -> None:
    """Who watches, reads or waits while the file cannot be opened is told when it can be."""
    path.parent.write_text("in the way")

    async def work() -> None:
        async with kernel(path) as one, kernel(path) as two:
            reader, seen, left = Reader(), list[str](), list[str]()
            two.jobs.watch(lambda job: seen.append(job.stream_id))
            held = two.log.subscribe("t1", **reader.callbacks())
            two.log.on_all_subscribers_left("t1", lambda: left.append("all"))
            assert "cannot be opened" in await refused(two.jobs.get_running_jobs)
            path.parent.unlink()
            await one.jobs.create_job(a_job())

            async def counted() -> bool:
                return await one.log.subscriber_count("t1") == 1

            await eventually(counted)
            await one.log.append("t1", 1, [START, TextDelta("a")])
            await eventually(lambda: (reader.text, seen[:1]) == ("a", ["t1"]))
            held.unsubscribe()
            await eventually(lambda: left == ["all"])

    finish_all(work())


def test_who_gave_up_is_not_served(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that pile up while the file is locked are not made when their callers are gone."""
    impatient(monkeypatch)

    async def work() -> None:
        async with kernel(path) as here:
            await works(here)
            with closing(sqlite3.connect(path)) as db:
                db.execute("BEGIN IMMEDIATE")
                calls = [asyncio.ensure_future(here.jobs.create_job(a_job(f"t{number}"))) for number in range(10)]
                await asyncio.sleep(0)
                for call in calls[1:]:
                    call.cancel()
                done = await asyncio.gather(*calls, return_exceptions=True)
                assert [type(each).__name__ for each in done] == ["StreamsError"] + ["CancelledError"] * 9
            assert await here.jobs.get_job_count() == 1

    finish_all(work())


def test_a_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAL needs memory that its readers share, which no network file system gives; without it kernels see each other too."""
    monkeypatch.setattr(sqlite_file, "is_network", lambda path: True)

    async def work() -> None:
        async with kernel(path) as one, kernel(path) as two:
            await one.log.append("t1", 1, [START])
            reader = Reader()
            await reader.attach(two.log)
            await one.log.append("t1", 1, [TextDelta("a")])
            await eventually(lambda: reader.text == "a")
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)

    finish_all(work())


@unix
def test_read_only(home: Path) -> None:
    """A file that cannot be written, or a directory in which none can be made."""
    script = """
    if os.getuid() == 0:
        os.setuid(65534)
    path.parent.chmod(0o555)
    async with kernel(path) as here:
        print(await refused(here.jobs.initialize))
        path.parent.chmod(0o755)
        await works(here)
    path.chmod(0o444)
    async with kernel(path) as here:
        print(await refused(lambda: works(here, "again")))
        path.chmod(0o644)
        await works(here, "again")
    """
    first, second = in_process(script, home / "streams.db").splitlines()
    assert "cannot be" in first
    assert "cannot be written" in second


@unix
def test_no_room(path: Path) -> None:
    """No file may grow any more, in mid-answer: what was there stays, and the answer goes on when there is room."""
    script = """
    async with kernel(path) as here:
        await here.jobs.create_job(a_job())
        await here.log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        print(await refused(lambda: here.log.append("t1", 1, [TextDelta("x" * 500_000)], after=1, seq=2)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await here.log.append("t1", 1, [TextDelta("x" * 500_000)], after=1, seq=2)
        assert text_of(await here.log.resume_state("t1")) == "a" + "x" * 500_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))  # not even for the tables
    async with kernel(path.with_name("new.db")) as here:
        print(await refused(lambda: here.jobs.get_job("t1")))
    """
    first, second = in_process(script, path).splitlines()
    assert "streams.db" in first
    assert "reading or writing" in second


def test_a_directory_that_is_none_any_more(path: Path) -> None:
    """Where the system does not even say whether the file is there, that is told, and it is found again when it is back."""

    async def work() -> None:
        async with kernel(path) as here:
            await works(here)
            away = path.parent.rename(path.parent.with_name("away"))
            path.parent.write_text("")
            text = await asyncio.wait_for(refused(lambda: here.jobs.get_job("works")), 30)
            assert str(path) in text
            path.parent.unlink()
            away.rename(path.parent)
            assert await here.jobs.get_job("works") is not None

    finish_all(work())


def test_news_that_could_not_be_read(path: Path) -> None:
    """Who was kept from looking looks again, though nobody writes any more."""

    async def work() -> None:
        async with kernel(path) as one, kernel(path) as two:
            seen = list[str]()
            two.jobs.watch(lambda job: seen.append(job.stream_id))
            await two.jobs.get_running_jobs()
            assert isinstance(two.jobs, SqliteJobStore)
            look, failed = two.jobs._notices.look, threading.Event()

            def fails(file: StreamsFile) -> None:
                if failed.is_set():
                    look(file)
                else:
                    failed.set()
                    raise sqlite3.OperationalError("database is locked")

            two.jobs._notices.look = fails  # type: ignore[method-assign]
            await one.jobs.create_job(a_job())
            await eventually(lambda: seen == ["t1"])

    finish_all(work())


@pytest.mark.parametrize(("number", "cause"), [(errno.EACCES, "cannot be written"), (errno.ENOSPC, "no room left")])
def test_a_path_is_no_cause(number: int, cause: str) -> None:
    """What the system says counts, not how a directory is called."""
    error = OSError(number, os.strerror(number), "/home/busy/locked/permission denied/full/streams.db")
    assert not is_busy(error)
    assert cause in str(explain(error, "streams.db"))


@unix
def test_forked(path: Path) -> None:
    """A child that was forked never uses the parent's connection, nor opens its own; the parent notices nothing."""
    run_program(FORK, path)


FORK = """
here = Kernel(*open_sqlite(path, SystemClock(), "me"))

async def in_child():
    for other in (here, Kernel(*open_sqlite(path, SystemClock(), "me"))):
        assert "forked" in await refused(lambda: other.jobs.get_job("works"))
        await other.log.close()
        await other.jobs.close()

asyncio.run(works(here))
if (pid := os.fork()) == 0:
    try:
        asyncio.run(in_child())
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
asyncio.run(works(here, "again"))
"""


@unix
def test_killed(path: Path) -> None:
    """A killed kernel is known to be gone at once: its job is interrupted, its readers do not count, the last one has left."""
    script = """
    from nbchat.machine.owner import this_process
    jobs, log = open_sqlite(path, SystemClock(), "me")
    await jobs.create_job(a_job(owner=str(this_process())))
    await log.append("t1", 1, [START, TextDelta("half an answ")])
    assert await log.attach("t1", on_chunk=lambda entry: None)
    print("ready", flush=True)
    await asyncio.sleep(60)
    """

    async def look(child: subprocess.Popen[str]) -> None:
        clock = ManualClock()
        async with kernel(path, clock) as here:
            left = list[str]()
            here.log.on_all_subscribers_left("t1", lambda: left.append("all"))

            async def found() -> tuple[bool, int]:
                job = await here.jobs.get_job("t1")
                assert job is not None
                return job.interrupted, await here.log.subscriber_count("t1")

            async def counted() -> bool:  # behind the child's attaching, which does not wait for that
                return await found() == (False, 1)

            await eventually(counted)
            child.send_signal(signal.SIGKILL)

            async def gone() -> bool:
                return await found() == (True, 0)

            await eventually(gone)
            assert text_of(await here.log.resume_state("t1")) == "half an answ"
            await clock.advance(LEASE_SECONDS)
            await eventually(lambda: left == ["all"])

    with subprocess.Popen(as_command(script, path), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        finish_all(look(child))
