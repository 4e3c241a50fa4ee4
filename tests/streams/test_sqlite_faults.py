"""The shared file fails while an answer streams: nobody waits for it, and who reads elsewhere shows the answer to the byte."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import Job
from nbchat.streams.joining import Streams, join_streams
from tests.contracts.streams_base import END, START, a_job
from tests.contracts.values import finish_all
from tests.soak.attaching import BATCHES, batch, read, whole
from tests.support.at_once import at_once

FAULT_AT = 30


def delete(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE entries")
        db.commit()


def overwrite(path: Path) -> None:
    """Put another file in its place, as a restored backup does."""
    other = path.with_name("other.db")
    with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(other)) as copy:
        db.backup(copy)
    other.replace(path)


async def lock(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(1.5)


async def stream(streams: Streams, fault: Callable[[Path], object], path: Path) -> None:
    """Stream an answer, with a fault in its midst."""
    await streams.jobs.create_job(a_job("answer"))
    await streams.log.append("answer", 1, [START])
    locking = None
    for number in range(BATCHES):
        await asyncio.sleep(0.01)
        if number == FAULT_AT:
            doing = fault(path)
            locking = asyncio.ensure_future(doing) if asyncio.iscoroutine(doing) else None
        at_once(streams.log.append("answer", 1, batch("answer", number)))
    await streams.log.append("answer", 1, [END])
    await streams.jobs.update_job("answer", 1, status="complete")
    if locking is not None:
        await locking


@pytest.mark.parametrize("fault", [delete, damage, overwrite, lock])
def test_a_fault_in_mid_answer(fault: Callable[[Path], object], tmp_path: Path) -> None:
    """Deleted, damaged, replaced, locked: a batch never waits, and the reader has everything, once."""
    path = tmp_path / "streams.db"

    async def work() -> None:
        one, two = (join_streams(f"sqlite:{path}", SystemClock(), owner="me", kernel=name) for name in ("one", "two"))
        assert two.others is not None
        begun: asyncio.Queue[Job] = asyncio.Queue()
        two.others.watch(begun.put_nowait)
        await two.others.running("none")
        answering = asyncio.ensure_future(stream(one, fault, path))
        job = await asyncio.wait_for(begun.get(), 30)
        _, shown = await read(two.others, job)
        while shown.lost:
            _, shown = await read(two.others, job)
        assert (shown.reasoning, shown.text) == whole("answer")
        await answering
        await one.close()
        await two.close()

    finish_all(work())
