"""Files of jobs and logs that tests get into trouble, and kernels on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import dedent, indent

import pytest

from nbchat.core.events import TextDelta
from nbchat.sessions.ports import EventTransport, JobStore, StreamsError
from nbchat.streams import open_streams
from nbchat.streams.sqlite import thread
from nbchat.streams.sqlite.file import StreamsFile
from tests.contracts.streams_base import START, a_job, text_of
from tests.support.clock import ManualClock

__all__ = ["Kernel", "as_command", "impatient", "in_process", "kernel", "refused", "run_program", "works"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Kernel:
    jobs: JobStore
    log: EventTransport


@asynccontextmanager
async def kernel(path: Path, clock: ManualClock | None = None) -> AsyncIterator[Kernel]:
    jobs, log = open_streams(f"sqlite:{path}", clock or ManualClock(), owner="me")
    try:
        yield Kernel(jobs, log)
    finally:
        await log.close()
        await jobs.close()


async def works(here: Kernel, stream_id: str = "works") -> None:
    """A job with an answer, from its beginning to its end."""
    await here.jobs.create_job(a_job(stream_id))
    await here.log.append(stream_id, 1, [START, TextDelta("it works")])
    assert text_of(await here.log.resume_state(stream_id)) == "it works"
    assert await here.jobs.update_job(stream_id, 1, status="complete") is not None


async def refused(work: Callable[[], Awaitable[object]]) -> str:
    """What it says that cannot be done."""
    with pytest.raises(StreamsError) as caught:
        await work()
    return str(caught.value)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for locks no longer than a test can."""
    monkeypatch.setattr(thread, "StreamsFile", partial(StreamsFile, busy_seconds=0.05))


HEAD = """
import asyncio, os, resource, sqlite3, sys
from pathlib import Path
from nbchat.core.events import *
from nbchat.runtime.clock import SystemClock
from nbchat.streams.sqlite.opening import open_sqlite
from tests.contracts.streams_base import *
from tests.streams.sqlite_places import *

path = Path(sys.argv[1])
"""


def in_process(script: str, path: Path) -> str:
    """Run the body of an async function that has `path` in a process of its own; returns what it printed."""
    return run_program(_body(script), path)


def run_program(program: str, path: Path) -> str:
    """Run a program that has `path` in a process of its own; returns what it printed."""
    done = subprocess.run(_command(program, path), capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_command(script: str, path: Path) -> list[str]:
    """What runs the body of an async function that has `path`."""
    return _command(_body(script), path)


def _body(script: str) -> str:
    return f"async def main():\n{indent(dedent(script), '    ')}\nasyncio.run(main())\n"


def _command(program: str, path: Path) -> list[str]:
    return [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + program, str(path)]
