"""A ledger of years: what is asked of it before each request stays cheap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nbchat.storage import Place, ledger
from nbchat.storage.database import Database
from tests.storage.scenario import Noted, locked
from tests.support.records import spent

ROWS = 8_000


def seconds_of(read: Callable[[], Any]) -> float:
    """The least of five, in CPU time of this thread: what else the machine does counts for nothing."""
    taken = []
    for _ in range(5):
        began = time.thread_time()
        read()
        taken.append(time.thread_time() - began)
    return min(taken)


@pytest.mark.alone
def test_what_was_spent_is_read_without_the_rows(tmp_path: Path) -> None:
    """A budget is checked before each request: its sum takes at most a quarter of reading the rows (measured: a
    fifteenth; 65 ms of 50,000 rows), and next to nothing where nothing was asked since."""
    db = Database(Place(tmp_path / "nbchat.db"))
    try:
        with db.transaction():
            for number in range(ROWS):
                ledger.append(db, spent("0.0123", id=f"r{number}"))
        rows = ledger.records(db, None)
        assert ledger.spent(db, None) == sum(row.cost.amount or 0 for row in rows)
        whole = seconds_of(lambda: ledger.records(db, None))
        assert seconds_of(lambda: ledger.spent(db, None)) * 4 < whole
        assert seconds_of(lambda: ledger.spent(db, None, since=rows[-1].started + 1)) * 20 < whole
    finally:
        db.close()


def test_what_is_not_saved_yet_is_spent_all_the_same(tmp_path: Path) -> None:
    """While the database is in trouble requests are made, and their budgets count them."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        store = Noted(path)
        await store.settle(spent("0.25", id="saved"))
        with locked(path):
            await store.settle(spent("0.5", id="unsaved"))
            await store.settle(spent("7", id="euros", currency="EUR"))
            assert store.said
            assert await store.spent() == Decimal("0.75")
            assert await store.spent(since=spent("1").started + 1) == 0
        await store.aclose()

    asyncio.run(work())
