"""What is left of a turn whose process ended: its answer, its place in the ledger, and the way on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from nbchat.core.messages import TextPart
from nbchat.core.requests import RequestRecord
from nbchat.storage import Place, SqliteStore
from tests.contracts.values import Asked, a_conversation, a_record, a_turn, end_of, finish_all
from tests.support.clock import ManualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nbchat.db"


async def leave_running(path: Path, *settled: str, cell: str | None = None) -> Asked:
    """A turn that has settled these requests and then dies."""
    store = SqliteStore(Place(path), ManualClock())
    asked = a_turn(await store.create(a_conversation(id="c1")), request_id="r", cell=cell)
    asked = replace(asked, record=await store.begin_turn(asked.record, asked.messages))
    await store.checkpoint(asked.record, [TextPart("so far")])
    for request_id in settled:
        await store.settle(a_record(asked, id=request_id, purpose="tool-round"))
    store._running.clear()  # it dies: nobody tidies up
    await store.aclose()
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE turns SET owner = 'elsewhere|boot|pid|7|123', lease = 0")
        db.commit()
    return asked


@pytest.mark.parametrize(("settled", "expected"), [([], "r"), (["r"], "r-interrupted"), (["r", "r-2"], "r-interrupted")])
def test_the_request_that_ran_is_in_the_ledger(path: Path, settled: list[str], expected: str) -> None:
    """Of each dead turn one row says that nobody knows what its last request cost; those that were settled stay as they are."""
    finish_all(leave_running(path, *settled))

    async def work() -> tuple[list[str], list[RequestRecord]]:
        store = SqliteStore(Place(path), ManualClock())
        recovered = await store.recover()
        assert await store.recover() == []
        rows = await store.records("c1")
        await store.aclose()
        return recovered, rows

    recovered, rows = finish_all(work())
    assert len(recovered) == 1
    assert [row.id for row in rows] == [*settled, expected]
    assert (rows[-1].status, rows[-1].cost.amount, rows[-1].cost.certainty) == ("interrupted", None, "unknown")
    assert all(row.cost.amount is not None for row in rows[:-1])


@pytest.mark.parametrize(("cell", "notebook"), [("my#notes#cell-1#0", "my#notes"), (None, ""), ("odd", "")])
def test_the_notebook_of_a_dead_turn_is_that_of_its_cell(path: Path, cell: str | None, notebook: str) -> None:
    """The cell's key begins with it; of a turn that no cell asked nobody knows any more."""
    finish_all(leave_running(path, cell=cell))

    async def work() -> str:
        store = SqliteStore(Place(path), ManualClock())
        await store.recover()
        (row,) = await store.records("c1")
        await store.aclose()
        return row.notebook

    assert finish_all(work()) == notebook


def test_closing_settles_in_the_same_way(path: Path) -> None:
    """A store that is closed in mid-turn leaves what `recover` would leave."""

    async def work() -> list[str]:
        store = SqliteStore(Place(path), ManualClock())
        asked = a_turn(await store.create(a_conversation(id="c1")), request_id="r")
        await store.begin_turn(asked.record, asked.messages)
        await store.settle(a_record(asked))
        await store.aclose()
        store = SqliteStore(Place(path), ManualClock())
        rows = await store.records("c1")
        await store.aclose()
        return [row.id for row in rows]

    assert finish_all(work()) == ["r", "r-interrupted"]


def test_going_on_with_a_dead_turns_answer(path: Path) -> None:
    """A turn may go on with an answer whose turn died and was not recovered yet: that one ends first, with its row."""
    asked = finish_all(leave_running(path))

    async def work() -> None:
        store = SqliteStore(Place(path), ManualClock())
        _, answer = await store.messages("c1")
        assert (answer.status, answer.text) == ("interrupted", "so far")
        record = replace(asked.record, id="t2", request_id="r2", generation=0)
        record = await store.begin_turn(record, [asked.question, replace(answer, status="streaming", error=None)])
        await store.checkpoint(record, [TextPart(" and on")])
        assert (await store.messages("c1"))[1].text == "so far and on"
        assert await store.recover() == []
        assert await store.end_turn(record, end_of(asked, "so far and on"), [])
        assert not await store.end_turn(asked.record, end_of(asked, "late"), [])
        assert [(row.id, row.status) for row in await store.records()] == [("r", "interrupted")]
        await store.aclose()

    finish_all(work())
