"""Purging in steps, in trouble, and over trees that no good program made."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from nbchat.core.errors import StorageError, UsageError
from nbchat.storage import Place, SqliteStore
from tests.contracts.values import a_conversation, a_message, a_turn, finish_all
from tests.storage.scenario import Noted, locked
from tests.support.clock import ManualClock


def test_many_go_in_steps() -> None:
    """However many are old, all go and are counted, and what is saved meanwhile does not wait for the last."""

    async def work() -> None:
        store = SqliteStore(Place(None), ManualClock())
        for number in range(250):
            await store.create(a_conversation(f"n{number}", updated=1.0))
        order: list[str] = []
        purging = asyncio.create_task(store.purge(5.0))
        purging.add_done_callback(lambda _: order.append("purged"))
        await asyncio.sleep(0)
        await store.set("a", 1)
        order.append("saved")
        assert await purging == 250
        assert order == ["saved", "purged"]
        assert await store.summaries() == []
        await store.aclose()

    finish_all(work())


@pytest.mark.timeout(20)
def test_parents_in_a_circle() -> None:
    """Messages that are each other's parents (a file may say so) go like others, and what hung on them is a beginning."""

    async def work() -> None:
        store = SqliteStore(Place(None), ManualClock())
        first = a_message("user", "one")
        second = a_message("user", "two", first)
        third = a_message("user", "three", second)
        tree = [replace(first, parent=second.id, deleted=True), replace(second, deleted=True), third]
        conversation = await store.add_conversation(a_conversation(head=second.id), tree)
        await store.purge(0.0)
        (left,) = await store.messages(conversation.id)
        assert left.id == third.id
        await store.aclose()

    finish_all(work())


def test_what_was_purged_does_not_come_back(tmp_path: Path) -> None:
    """A conversation that was purged is not made anew from memory when somebody still writes to it in trouble."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        store = Noted(path)
        conversation = await store.create(a_conversation(updated=1.0))
        assert await store.purge(5.0) == 1
        with locked(path):
            asked = a_turn(conversation)
            with pytest.raises(UsageError, match="deleted"):
                await store.begin_turn(asked.record, asked.messages)
        await store.heartbeat()
        assert await store.summaries() == []
        await store.aclose()

    finish_all(work())


def test_trouble_while_purging(tmp_path: Path) -> None:
    """A purge that gets into trouble says so to its caller and to the views; asked again afterwards, it is done."""
    path = tmp_path / "nbchat.db"

    async def work() -> None:
        store = Noted(path)
        await store.create(a_conversation(updated=1.0))
        with locked(path):
            with pytest.raises(StorageError, match="locked"):
                await store.purge(5.0)
            assert "locked" in store.told().text
            with pytest.raises(StorageError, match="removed for good"):
                await store.purge(5.0)
        assert await store.purge(5.0) == 1
        assert store.said[1:] == [None]
        await store.aclose()

    finish_all(work())
