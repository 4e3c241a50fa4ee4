"""Several processes on one database: the living and the dead are told apart, nobody is told that it is locked."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from nbchat.core.messages import TextPart
from nbchat.storage import Place, SqliteStore
from tests.contracts.values import finish_all
from tests.soak import kills, two_kernels
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[2]

FIRST_KERNEL = """
import asyncio, sys
from pathlib import Path
from nbchat.core.messages import TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.storage import Place, SqliteStore
from tests.contracts.values import a_conversation, a_turn

async def main():
    store = SqliteStore(Place(Path(sys.argv[1])), SystemClock())
    conversation = await store.create(a_conversation(id="c1"))
    asked = a_turn(conversation)
    record = await store.begin_turn(asked.record, asked.messages)
    await store.checkpoint(record, [TextPart("so far")])
    print("streaming", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def test_a_second_notebook(tmp_path: Path) -> None:
    """A second notebook sees the first one's running answer as running, also when the first is suspended for an hour;
    once the first is killed, the answer is interrupted with what it had, before anybody collected the process."""
    path = tmp_path / "nbchat.db"
    with python(FIRST_KERNEL, str(path)) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "streaming\n"

        async def look(clock: ManualClock) -> tuple[list[str], str, str, bool]:
            store = SqliteStore(Place(path), clock)
            recovered = await store.recover()
            answer = (await store.messages("c1"))[1]
            (summary,) = await store.summaries()
            await store.aclose()
            return recovered, answer.status, answer.text, summary.running

        clock = ManualClock(4e9)  # long after the lease
        try:
            assert finish_all(look(clock)) == ([], "streaming", "so far", True)
            first.send_signal(signal.SIGSTOP)
            assert finish_all(look(clock)) == ([], "streaming", "so far", True)
        finally:
            first.kill()
        # /proc shows a killed process as running for a moment: wait for its end without collecting it.
        first.stdout.read()
        wait_for_zombie(first.pid)
        recovered, status, text, running = finish_all(look(clock))
        assert (len(recovered), status, text, running) == (1, "interrupted", "so far", False)
        assert finish_all(look(clock)) == ([], "interrupted", "so far", False)


def wait_for_zombie(pid: int) -> None:
    import os

    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    """A seeded sample of the soak: kill -9 loses nothing that was acknowledged and doubles nothing."""
    states = kills.run(samples=12, seed=20261121, directory=tmp_path)
    assert states["interrupted"] >= 1


def test_two_kernels_on_one_conversation(tmp_path: Path) -> None:
    """A sample of the soak: two processes ask at once in one conversation; one order, nothing lost, no lock is told of."""
    two_kernels.run(turns=50, directory=tmp_path)


def test_checkpoints_are_not_lost_behind_a_lock(tmp_path: Path) -> None:
    """While another process holds the lock for a moment, writers wait for it and nobody sees an error."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        from tests.contracts.values import a_conversation, a_turn

        store = SqliteStore(Place(path), ManualClock())
        conversation = await store.create(a_conversation())
        asked = a_turn(conversation)
        record = await store.begin_turn(asked.record, asked.messages)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(store.checkpoint(record, [TextPart(f"{number} ")])) for number in range(3)]
            await asyncio.wait(waiting, timeout=0.05)
            assert not any(task.done() for task in waiting)
            other.execute("COMMIT")
        await asyncio.gather(*waiting)
        assert (await store.messages(conversation.id))[1].text == "0 1 2 "
        await store.aclose()

    finish_all(work())


EXIT = """
import sys
from nbchat.core.messages import TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.runtime.loop import background
from nbchat.storage import open_store
from tests.contracts.values import a_conversation, a_turn

loop = background()
store = open_store(sys.argv[1], clock=SystemClock())
loop.at_exit(store.aclose)

async def begin():
    conversation = await store.create(a_conversation(id="c1"))
    asked = a_turn(conversation)
    record = await store.begin_turn(asked.record, asked.messages)
    await store.checkpoint(record, [TextPart("so far")])

loop.wait(begin())
"""


def test_a_process_that_ends_in_mid_turn(tmp_path: Path) -> None:
    """A process that simply ends closes its database within its exit hooks, quietly; its answer is interrupted."""
    path = tmp_path / "nbchat.db"
    done = subprocess.run([sys.executable, "-c", EXIT, str(path)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT status FROM messages WHERE role = 'assistant'").fetchall() == [("interrupted",)]
        assert db.execute("SELECT COUNT(*) FROM turns WHERE ended IS NULL").fetchone() == (0,)
