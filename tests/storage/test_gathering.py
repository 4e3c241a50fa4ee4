"""Checkpoints of many running turns: written together, in order, and not one of them lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from nbchat.core.errors import StorageError
from nbchat.core.messages import TextPart
from nbchat.storage import Place, gathering
from nbchat.storage.database import Database
from nbchat.storage.store import SqliteStore
from tests.contracts.values import Asked, a_conversation, a_turn, end_of, finish_all
from tests.support.clock import ManualClock

T = TypeVar("T")
_MANY = gathering._FEW + 5


class Counted:
    """A store, and how many jobs its writer was given since the turns began; each fails while `broken`."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(Place(path), ManualClock())
        self.jobs = 0
        self.broken = False
        begin = self.store._writer.begin

        def counted(work: Callable[[Database], T]) -> asyncio.Future[T]:
            self.jobs += 1

            def broken(_: Database) -> T:
                raise StorageError("the disk is full.")

            return begin(broken if self.broken else work)

        self.store._writer.begin = counted  # type: ignore[method-assign]

    async def turns(self, count: int) -> list[Asked]:
        """Begin so many, each in a conversation of its own."""
        begun = []
        for number in range(count):
            asked = a_turn(await self.store.create(a_conversation(f"n{number}")))
            await self.store.begin_turn(asked.record, asked.messages)
            begun.append(asked)
        self.jobs = 0
        return begun

    async def save(self, asked: Sequence[Asked], text: str) -> list[BaseException | None]:
        """Checkpoint all of them in one moment."""
        parts = [self.store.checkpoint(each.record, [TextPart(f"{text} {each.record.id}")]) for each in asked]
        return await asyncio.gather(*parts, return_exceptions=True)

    async def texts(self, asked: Sequence[Asked]) -> list[str]:
        """What is stored of their answers."""
        return [(await self.store.messages(each.record.conversation))[-1].text for each in asked]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nbchat.db"


@pytest.mark.parametrize(("count", "jobs"), [(1, 1), (3, 3), (_MANY, 1)])
def test_of_many_they_are_one_job_and_of_a_few_none_waits(path: Path, count: int, jobs: int) -> None:
    async def work() -> None:
        counted = Counted(path)
        asked = await counted.turns(count)
        assert await counted.save(asked, "a") == [None] * count
        assert counted.jobs == jobs
        assert await counted.save(asked, " b") == [None] * count
        assert await counted.texts(asked) == [f"a {each.record.id} b {each.record.id}" for each in asked]
        await counted.store.aclose()

    finish_all(work())


def test_a_turns_end_goes_behind_what_has_gathered(path: Path) -> None:
    """Whoever waits for a checkpoint is told of it, and what an ended turn had gathered changes its answer no more."""

    async def work() -> None:
        counted = Counted(path)
        asked = await counted.turns(_MANY)
        saving = asyncio.create_task(counted.save(asked, "a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await counted.store.end_turn(asked[0].record, end_of(asked[0], "whole"), [])
        assert await saving == [None] * _MANY
        assert await counted.texts(asked[:2]) == ["whole", f"a {asked[1].record.id}"]
        await counted.store.aclose()

    finish_all(work())


def test_one_who_gives_up_waiting_takes_nothing_back(path: Path) -> None:
    async def work() -> None:
        counted = Counted(path)
        asked = await counted.turns(_MANY)
        saving = asyncio.create_task(counted.save(asked, "a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        saving.cancel()
        await asyncio.wait([saving])
        await counted.store.aclose()
        again = Counted(path)
        assert await again.texts(asked) == [f"a {each.record.id}" for each in asked]
        await again.store.aclose()

    finish_all(work())


def test_a_failure_is_told_to_each(path: Path) -> None:
    async def work() -> None:
        counted = Counted(path)
        asked = await counted.turns(_MANY)
        counted.broken = True
        assert [type(error) for error in await counted.save(asked, "a")] == [StorageError] * _MANY
        counted.broken = False
        assert await counted.save(asked, "b") == [None] * _MANY
        assert await counted.texts(asked) == [f"b {each.record.id}" for each in asked]
        await counted.store.aclose()
        assert [type(error) for error in await counted.save(asked, "c")] == [StorageError] * _MANY

    finish_all(work())
