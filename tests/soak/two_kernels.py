"""Two kernels on one conversation: one order for all, nothing lost, nobody is told that the database is locked.

`python -m tests.soak.two_kernels [--turns 500]` runs the full number; the tests run fewer.

Each kernel is a process that asks as fast as it can, with checkpoints, searches, edits and marks in between, through the store
as people have it: what a lock would make it say, it says. While the other one's answer is being written it waits, as sessions do.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from nbchat.core.errors import BusyError, ErrorInfo
from nbchat.core.messages import TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import TurnRecord
from nbchat.storage import Place, SqliteStore, Store, open_store
from tests.contracts.values import Asked, a_conversation, a_message, a_record, a_turn, end_of

ROOT = Path(__file__).parents[2]
KERNELS = ("a", "b")


async def ask(path: Path, who: str, turns: int) -> None:
    """One kernel: waits for the word, then asks so many times."""
    said: list[ErrorInfo | None] = []
    store = open_store(path, clock=SystemClock(), on_trouble=said.append)
    chance = random.Random(who)
    conversation = await store.create(a_conversation("shared"))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(turns):
        asked = a_turn(conversation, text=f"{who} {number}")
        record = await begin(store, asked)
        for piece in ("one ", "two "):
            await store.checkpoint(record, [TextPart(piece)])
        if chance.random() < 0.1:
            await store.search(f"{who} {number}")
        assert await store.end_turn(record, end_of(asked, f"answer to {who}{number}"), [a_record(asked)])
        if chance.random() < 0.1:
            own = a_message("assistant", f"{who} by hand", asked.question)
            await store.add_messages(conversation.id, [own], head=own.id)
            await store.mark(conversation.id, [own.id], deleted=True)
    assert said == [], said
    await store.aclose()


async def begin(store: Store, asked: Asked) -> TurnRecord:
    """Begin a turn once the other kernel's has ended: never two at once."""
    while True:
        try:
            return await store.begin_turn(asked.record, asked.messages)
        except BusyError:
            await asyncio.sleep(0.001)


def start(path: Path, who: str, turns: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.soak.two_kernels", "--turns", str(turns), "--child", str(path), who]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def run(turns: int, directory: Path) -> None:
    """Let both kernels ask `turns` times each, at once, and judge. Raises AssertionError for a broken promise."""
    path = directory / "nbchat.db"
    children = [start(path, who, turns) for who in KERNELS]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate()
        assert (child.returncode, errors) == (0, "")
    asyncio.run(judge(path, turns))


async def judge(path: Path, turns: int) -> None:
    """Check the order, that nothing is lost or doubled, and that all is found."""
    whole = len(KERNELS) * turns
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        generations = [row[0] for row in db.execute("SELECT generation FROM turns ORDER BY rowid")]
        by_position = [row[0] for row in db.execute("SELECT generation FROM messages WHERE generation > 0 ORDER BY position")]
    assert generations == list(range(1, whole + 1)), "not one order"
    assert by_position == [generation for generation in generations for _ in range(2)], "not one order"
    store = SqliteStore(Place(path), SystemClock())
    try:
        conversation = await store.find("shared")
        assert conversation is not None
        messages = await store.messages(conversation.id)
        for who in KERNELS:
            asked = [message.text for message in messages if message.role == "user" and message.text.startswith(who)]
            assert asked == [f"{who} {number}" for number in range(turns)], "a question is lost, double or out of order"
        answers = {message.text for message in messages if message.text.startswith("answer")}
        assert answers == {f"answer to {who}{number}" for who in KERNELS for number in range(turns)}
        assert len(await store.records(conversation.id)) == whole
        for who in KERNELS:
            assert len(await store.search(f'"{who} {turns - 1}"')) == 1
            assert len(await store.search(f'"answer to {who}{turns - 1}"')) == 1
        assert len(await store.search("answer", limit=2 * whole)) == whole
        assert await store.search("hand") == []
    finally:
        await store.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--child", nargs=2, metavar=("PATH", "NAME"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        path, who = arguments.child
        asyncio.run(ask(Path(path), who, arguments.turns))
        return
    with tempfile.TemporaryDirectory() as directory:
        began = time.perf_counter()
        run(arguments.turns, Path(directory))
        took = time.perf_counter() - began
    print(f"{len(KERNELS)} x {arguments.turns} turns in one conversation in {took:.0f} s: one order, 0 lost, 0 told of a lock")


if __name__ == "__main__":
    main()
