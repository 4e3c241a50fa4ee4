"""B9: what it costs to save an answer while it streams, beside the plainest program that does the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.rows import Row

_SAVES = 60
_SECONDS = 0.25
_TOKENS = 12
"""Between two saves, at 50 tokens a second."""

_PROGRAM = """
import asyncio, sqlite3, sys, time
from nbchat.core.messages import TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.storage import open_store
from tests.contracts.values import a_conversation, a_turn

path, how, saves, seconds, text = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]

async def paced(save):
    start = time.process_time()
    for number in range(saves):
        await asyncio.sleep(seconds)
        await save(number)
    print(time.process_time() - start)

async def nothing():
    async def save(number):
        pass
    await paced(save)

async def stdlib():
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = wal")
    db.execute("PRAGMA synchronous = normal")
    db.execute("CREATE TABLE pieces (answer INTEGER, number INTEGER, text TEXT, PRIMARY KEY (answer, number)) WITHOUT ROWID")
    async def save(number):
        db.execute("INSERT INTO pieces VALUES (1, ?, ?)", (number, text))
    await paced(save)
    db.close()

async def store():
    store = open_store(path, clock=SystemClock())
    asked = a_turn(await store.create(a_conversation()))
    record = await store.begin_turn(asked.record, asked.messages)
    async def save(number):
        await store.checkpoint(record, [TextPart(text)])
    await paced(save)
    await store.aclose()

asyncio.run({"nothing": nothing, "stdlib": stdlib, "store": store}[how]())
"""


def run() -> list[Row]:
    """Save a piece every 250 ms for 15 s, on an event loop: through the store, by sqlite3 on the loop's own thread, and not at
    all; the three at once, each in its own process."""
    with tempfile.TemporaryDirectory() as directory:
        children = {how: _start(how, Path(directory) / f"{how}.db") for how in ("nothing", "stdlib", "store")}
        cpu = {how: float(child.communicate(timeout=300)[0]) / _SAVES * 1e6 for how, child in children.items()}
    ours, plain, idle = cpu["store"], cpu["stdlib"], cpu["nothing"]
    return [
        Row(
            "B9",
            "CPU of a program that saves every 250 ms, store / sqlite3 inserts",
            f"{ours:.0f} us a save",
            f"{plain:.0f} us",
            ours / plain,
            2,
        ),
        Row(
            "B9",
            "the same, less that of a program that only waits",
            f"{ours - idle:.0f} us",
            f"{plain - idle:.0f} us",
            (ours - idle) / (plain - idle),
        ),
    ]


def _start(how: str, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, str(path), how, str(_SAVES), str(_SECONDS), " 0123" * _TOKENS]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
