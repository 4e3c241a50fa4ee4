"""Choosing a backend, and what jobs and logs of one backend do for each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.events import TextDelta
from nbchat.sessions.ports import EventTransport, Job, JobStore
from nbchat.streams import open_streams
from nbchat.streams.sqlite.opening import path_of
from tests.contracts.values import finish_all
from tests.support.clock import ManualClock


@pytest.mark.parametrize("url", ["", "memory:", "memory://", "MEMORY:"])
def test_memory(url: str) -> None:
    """Memory is the default."""
    jobs, log = open_streams(url, ManualClock())
    one: JobStore = jobs
    other: EventTransport = log
    assert type(one).__name__ == "MemoryJobStore"
    assert type(other).__name__ == "MemoryEventTransport"


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("", "/data/streams.db"),
        ("//", "/data/streams.db"),
        ("/tmp/a.db", "/tmp/a.db"),
        ("///tmp/a.db", "/tmp/a.db"),
        ("~/a.db", str(Path("~/a.db").expanduser())),
        ("a.db", str(Path("a.db").absolute())),
    ],
)
def test_sqlite_places(place: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path behind "sqlite:", in the form of a URL too; without one, the file beside the conversations."""
    monkeypatch.setenv("NBCHAT_HOME", "/data")
    assert path_of(place) == Path(path)


@pytest.mark.parametrize("url", ["redis+x://:password@host/0", "kafka:", "nonsense"])
def test_unknown_schemes(url: str) -> None:
    """A scheme without a backend is refused with what is supported, and without the URL (it may hold a password)."""
    with pytest.raises(ConfigError, match='"memory:"') as caught:
        open_streams(url, ManualClock())
    assert "password" not in str(caught.value)


def test_backends_are_loaded_when_asked_for() -> None:
    """Importing the room loads no backend, and the default one no SQLite before its file is opened."""
    script = """
import sys, nbchat.streams
print([name for name in sys.modules if "streams.memory" in name or "streams.sqlite" in name])
from nbchat.runtime.clock import SystemClock
nbchat.streams.open_streams("sqlite:", SystemClock())
print([name for name in sys.modules if "sqlite3" in name])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == ["[]", "[]"]


def a_job(stream_id: str) -> Job:
    return Job(stream_id, "local", "c1", 1)


def test_a_growing_log_keeps_its_job() -> None:
    """Inactivity is measured from the last entry of the log, not from the job's age."""

    async def work() -> None:
        clock = ManualClock()
        jobs, log = open_streams("memory:", clock)
        await jobs.create_job(a_job("t1"))
        for _ in range(5):
            await clock.advance(1199.0)
            await log.append("t1", 1, [TextDelta("a")])
            assert await jobs.cleanup() == 0
        await clock.advance(1200.0)
        assert await jobs.cleanup() == 1

    finish_all(work())


def test_a_dropped_job_takes_its_log_along() -> None:
    """What is dropped for its age leaves nothing behind."""

    async def work() -> None:
        clock = ManualClock()
        jobs, log = open_streams("memory:", clock)
        for stream_id in ("t1", "t2"):
            await jobs.create_job(a_job(stream_id))
            await log.append(stream_id, 1, [TextDelta("a")])
        await jobs.update_job("t1", 1, status="complete")
        await clock.advance(300.0)
        await jobs.create_job(a_job("t3"))  # a new job sweeps: there is no timer
        assert not await jobs.has_job("t1")
        assert await log.resume_state("t1") is None
        assert await log.resume_state("t2") is not None

    finish_all(work())


def test_a_thousand_streams_need_no_sweep() -> None:
    """Running jobs above the limit are all kept."""

    async def work() -> None:
        jobs, _ = open_streams("memory:", ManualClock())
        for number in range(1200):
            await jobs.create_job(a_job(f"t{number}"))
        assert await jobs.get_job_count_by_status("running") == 1200

    finish_all(work())
