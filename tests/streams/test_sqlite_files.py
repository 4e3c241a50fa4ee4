"""The file that kernels share: private, and made anew where it was deleted, damaged or is another version's, but never taken from
anybody."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from nbchat.core.events import TextDelta
from nbchat.sessions.ports import LogGapError, StreamsError, UserMessage
from nbchat.sessions.ports.streams import INACTIVE_SECONDS
from tests.contracts.streams_base import START, Reader, a_job
from tests.contracts.values import finish_all
from tests.streams.sqlite_places import impatient, kernel, refused, works
from tests.support.clock import ManualClock
from tests.support.house import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "streams.db"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_private(path: Path) -> None:
    """Directory and files are their owner's alone."""

    async def work() -> None:
        async with kernel(path) as here:
            await works(here)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
            assert modes == dict.fromkeys(("streams.db", "streams.db-wal", "streams.db-shm"), 0o600)
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    finish_all(work())


def test_deleted(path: Path) -> None:
    """Whoever deletes the file takes away what can be written again: kernels go on in a new one, and say what is lost."""

    async def work() -> None:
        async with kernel(path) as one, kernel(path) as two:
            await one.jobs.create_job(a_job())
            await one.log.append("t1", 1, [START, TextDelta("a")], after=0, seq=1)
            reader, seen = Reader(), list[str]()
            await reader.attach(two.log)
            two.jobs.watch(lambda job: seen.append(job.stream_id))
            await two.jobs.get_running_jobs()
            path.unlink()  # noqa: ASYNC240 (at this moment)
            with pytest.raises(LogGapError) as gap:
                await one.log.append("t1", 1, [TextDelta("c")], after=2, seq=3)
            assert gap.value.seq == 0
            assert await one.jobs.update_job("t1", 1, sender="x") is None
            await one.jobs.create_job(a_job())
            await one.log.rewrite("t1", 1, [START, TextDelta("abc")], 3)
            await eventually(lambda: reader.gaps > 0)
            await eventually(lambda: "t1" in seen)
            again = Reader()
            await again.attach(two.log)
            assert again.text == "abc"
            await one.log.append("t1", 1, [TextDelta("d")], after=3, seq=4)
            await eventually(lambda: again.text == "abcd")

            async def both_are_counted() -> bool:  # the first one is noted in the new file with its kernel's next look at it
                return await one.log.subscriber_count("t1") == 2

            await eventually(both_are_counted)
            assert sorted(file.name for file in path.parent.iterdir()) == ["streams.db", "streams.db-shm", "streams.db-wal"]

    finish_all(work())


@pytest.mark.parametrize("intact", [0, 16, 4096])
def test_damaged(path: Path, intact: int) -> None:
    """A damaged file is put aside, once, and a new one made."""

    async def fill() -> None:
        async with kernel(path) as here:
            for number in range(20):
                await here.jobs.create_job(a_job(f"t{number}"))
                await here.log.append(f"t{number}", 1, [START, TextDelta("x" * 5000)])

    async def use() -> None:
        async with kernel(path) as here:
            with suppress(StreamsError):  # found when it is used, and said once
                await works(here)
            await works(here, "again")

    finish_all(fill())
    content = path.read_bytes()
    path.write_bytes(content[:intact] + b"garbage " * ((len(content) - intact) // 8))
    finish_all(use())
    assert path.with_name("streams.db.damaged").exists()


def test_damaged_while_it_is_used(path: Path) -> None:
    """What is found out in the middle is said once; the next call has a new file, whose jobs those who watch are told of."""

    async def work() -> None:
        async with kernel(path) as one, kernel(path) as two:
            await works(one)
            seen = list[str]()
            two.jobs.watch(lambda job: seen.append(job.stream_id))
            await two.jobs.get_running_jobs()
            with closing(sqlite3.connect(path)) as db:
                db.execute("DROP TABLE entries")
                db.commit()
            await one.jobs.create_job(a_job("before"))
            assert "damaged" in await refused(lambda: one.log.append("before", 1, [START]))
            await one.jobs.create_job(a_job("t2"))
            await eventually(lambda: "t2" in seen)
            await works(two, "again")

    finish_all(work())


def test_a_newer_file_that_nobody_uses(path: Path) -> None:
    """It is put aside: an older version that was asked for again starts anew."""

    async def work() -> None:
        async with kernel(path) as here:
            await works(here)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
        async with kernel(path) as here:
            assert not await here.jobs.has_job("works")
            await works(here)
        with closing(sqlite3.connect(path.with_name("streams.db.damaged"))) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (99,)

    finish_all(work())


def test_a_newer_file_in_use(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels with a newer version have it open: nobody takes it away from them."""
    impatient(monkeypatch)

    async def work() -> None:
        async with kernel(path) as here:
            await works(here)
        with closing(sqlite3.connect(path)) as newer:
            newer.execute("PRAGMA user_version = 99")
            assert newer.execute("SELECT COUNT(*) FROM jobs").fetchone() == (1,)
            async with kernel(path) as here:
                assert "newer version" in await refused(here.jobs.initialize)
            assert newer.execute("SELECT COUNT(*) FROM jobs").fetchone() == (1,)
        async with kernel(path) as here:
            await works(here, "again")

    finish_all(work())


@pytest.mark.parametrize("text", [True, False])
def test_somebody_elses_file(tmp_path: Path, text: bool) -> None:
    """A path that names another program's file is refused, and the file stays as it is."""
    path = tmp_path / "mine.db"
    if text:
        path.write_text("This is a diary, not a database.")
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE diary (entry)")
            db.commit()
    before = path.read_bytes()

    async def work() -> None:
        async with kernel(path) as here:
            assert "NBCHAT_STREAMS" in await refused(here.jobs.initialize)

    finish_all(work())
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["mine.db"]


def test_what_another_version_wrote(path: Path) -> None:
    """A job or an event that this version does not know is said to be so, and hides nothing else."""

    async def work() -> None:
        async with kernel(path) as one, kernel(path) as two:
            seen, reader = list[str](), Reader()
            two.jobs.watch(lambda job: seen.append(job.stream_id))
            await two.jobs.get_running_jobs()
            await one.log.append("t1", 1, [START])
            await reader.attach(two.log)
            await one.jobs.create_job(a_job("strange", user_message=UserMessage("u1")))
            with closing(sqlite3.connect(path)) as db:
                db.execute("UPDATE jobs SET body = replace(body, 'message_id', 'message_number'), changed = 9")
                db.execute("UPDATE counters SET value = 9")
                db.execute('INSERT INTO entries VALUES (1, 2, 1, 0, 9, \'[{"type":"smell"}]\')')
                db.execute("UPDATE logs SET seq = 2")
                db.commit()
            await eventually(lambda: reader.gaps == 1)
            assert "another version" in await refused(lambda: two.log.resume_state("t1"))
            assert "another version" in await refused(lambda: two.jobs.get_job("strange"))
            await works(one)
            await eventually(lambda: "works" in seen)
            assert await two.jobs.get_running_jobs() == []
            assert await two.jobs.get_job_count() == 2

    finish_all(work())


def test_what_another_version_left_behind(path: Path) -> None:
    """A silent job that this version does not know, or whose log, keeps nobody from clearing up: it is dropped."""

    async def work() -> None:
        clock = ManualClock()
        async with kernel(path, clock) as here:
            for stream_id in ("strange", "odd", "known"):
                await here.jobs.create_job(a_job(stream_id))
                await here.log.append(stream_id, 1, [START])
            with closing(sqlite3.connect(path)) as db:
                db.execute("UPDATE jobs SET body = '{\"later\":1}' WHERE stream_id = 'strange'")
                db.execute('UPDATE entries SET events = \'[{"type":"smell"}]\' WHERE log = 2')
                db.commit()
            await clock.advance(INACTIVE_SECONDS)
            assert await here.jobs.cleanup() == 3
            left = await here.jobs.get_job("known")
            assert left is not None
            assert left.status == "error"
            assert await here.jobs.get_job_count() == 1
            assert await here.log.resume_state("odd") is None

    finish_all(work())
