"""kill -9 while answers are being saved: nothing acknowledged is lost, nothing is doubled, every cut answer says so.

`python -m tests.soak.kills [--samples 200] [--seed N]` runs the full number; the tests run a seeded sample.

A child process saves turns as sessions do and says on its standard output what was acknowledged; it is killed at a random
moment, and this process opens what it left.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from nbchat.core.conversations import Conversation
from nbchat.core.messages import Message, Part, ReasoningPart, TextPart
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.ports import TurnRecord
from nbchat.storage import Place, SqliteStore
from tests.contracts.values import a_record, a_turn, end_of

ROOT = Path(__file__).parents[2]
CONVERSATION = "the-conversation"
PIECES = 12


def piece(turn: int, number: int) -> list[Part]:
    """What arrives between two checkpoints of a turn."""
    text = f"[{turn}.{number}] " + "grüße \U0001f600 " * (number % 4 + 1)
    return [ReasoningPart(text)] if number < 3 else [TextPart(text)]


def whole(turn: int, pieces: int = PIECES) -> tuple[str, str]:
    """Reasoning and text of the first pieces of a turn's answer."""
    parts = [part for number in range(pieces) for part in piece(turn, number)]
    reasoning = "".join(part.text for part in parts if isinstance(part, ReasoningPart))
    return reasoning, "".join(part.text for part in parts if isinstance(part, TextPart))


# ---------------------------------------------------------------- the child


async def stream_for_ever(path: Path) -> None:
    """Save one turn after the other, saying what was acknowledged."""
    store = SqliteStore(Place(path), SystemClock())
    conversation = await store.create(Conversation(CONVERSATION, "kills"))
    print("ready", flush=True)
    parent: str | None = None
    for turn in range(10**6):
        asked = a_turn(conversation, parent=parent, request_id=f"r{turn}", text=f"question {turn}")
        record = await store.begin_turn(asked.record, asked.messages)
        print(f"begun {turn}", flush=True)
        for number in range(PIECES):
            await store.checkpoint(record, piece(turn, number))
            print(f"saved {turn} {number + 1}", flush=True)
        reasoning, text = whole(turn)
        final = end_of(asked, parts=(ReasoningPart(reasoning), TextPart(text)))
        await store.end_turn(record, final, [a_record(asked)])
        print(f"ended {turn}", flush=True)
        parent = asked.answer.id


# ---------------------------------------------------------------- the judge


@dataclass
class Acknowledged:
    """What the child said before it died."""

    begun: int = -1
    ended: int = -1
    saved: dict[int, int] = field(default_factory=dict)

    def take(self, line: str) -> None:
        kind, *numbers = line.split()
        if kind == "begun":
            self.begun = int(numbers[0])
        elif kind == "ended":
            self.ended = int(numbers[0])
        elif kind == "saved":
            self.saved[int(numbers[0])] = int(numbers[1])


def kill_once(path: Path, chance: random.Random) -> Acknowledged:
    """Let a child stream, kill it at a random moment, and return what it had acknowledged."""
    command = [sys.executable, "-m", "tests.soak.kills", "--child", str(path)]
    heard = Acknowledged()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        lines = whole_lines(child.stdout)
        assert next(lines) == "ready"
        for _ in range(chance.randrange(4 * PIECES)):
            heard.take(next(lines))
        threading.Event().wait(chance.uniform(0, 0.004))
        child.kill()
        for line in lines:
            heard.take(line)
    return heard


def whole_lines(stream: Iterator[str]) -> Iterator[str]:
    for line in stream:
        if line.endswith("\n"):
            yield line.rstrip("\n")


async def judge(path: Path, heard: Acknowledged) -> str:
    """Check everything that the promise says; returns the state that the last turn was found in."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    store = SqliteStore(Place(path), SystemClock())
    try:
        before = await store.messages(CONVERSATION)
        turns = len(before) // 2
        assert heard.begun + 1 <= turns <= heard.begun + 2, "an acknowledged turn is lost, or one is double"
        for turn in range(turns):
            check_turn(turn, before[2 * turn], before[2 * turn + 1], heard)
        interrupted = [message.id for message in before if message.status == "interrupted"]
        assert await store.recover() == interrupted
        assert await store.recover() == []
        assert await store.messages(CONVERSATION) == before
        rows = await store.records(CONVERSATION)
        assert [(row.id, row.message) for row in rows] == [(f"r{turn}", before[2 * turn + 1].id) for turn in range(turns)]
        assert [row.status for row in rows] == [message.status for message in before[1::2]]
        await check_going_on(store, turns)
    finally:
        await store.aclose()
    return "interrupted" if interrupted else "between turns"


def check_turn(turn: int, question: Message, answer: Message, heard: Acknowledged) -> None:
    assert question.text == f"question {turn}"
    assert answer.parent == question.id
    prefixes = [whole(turn, pieces) for pieces in range(PIECES + 1)]
    found = prefixes.index((answer.reasoning, answer.text))  # an exact prefix, or this raises
    assert found >= heard.saved.get(turn, 0), "an acknowledged checkpoint is lost"
    if turn <= heard.ended:
        assert answer.status == "complete"
    if answer.status == "complete":
        assert found == PIECES
    else:
        assert answer.status == "interrupted"
        assert answer.error is not None


async def check_going_on(store: SqliteStore, turns: int) -> None:
    conversation = await store.get(CONVERSATION)
    assert conversation is not None
    asked = a_turn(conversation, parent=conversation.head, request_id="afterwards")
    record: TurnRecord = await store.begin_turn(asked.record, asked.messages)
    assert record.generation == turns + 1
    assert await store.end_turn(record, end_of(asked), [])


def run(samples: int, seed: int, directory: Path) -> dict[str, int]:
    """Kill `samples` children; returns how often a kill hit which state. Raises AssertionError for a broken promise."""
    chance = random.Random(seed)
    states: dict[str, int] = {}
    for sample in range(samples):
        path = directory / f"{sample}" / "nbchat.db"
        state = asyncio.run(judge(path, kill_once(path, chance)))
        states[state] = states.get(state, 0) + 1
    return states


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        asyncio.run(stream_for_ever(arguments.child))
        return
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory() as directory:
        began = time.perf_counter()
        states = run(arguments.samples, seed, Path(directory))
        took = time.perf_counter() - began
    print(f"{arguments.samples} kills (seed {seed}) in {took:.0f} s: 0 lost, 0 double, all databases whole; hit {states}")


if __name__ == "__main__":
    main()
