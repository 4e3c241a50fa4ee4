"""Tasks that are bounded in time: nothing of them runs on, whoever ends them."""

from __future__ import annotations

import asyncio

import pytest

from nbchat.sessions.tasks import within


def test_what_it_gives_and_raises() -> None:
    """In time, `within` is not there; a TimeoutError of the work's own is its own."""

    async def main() -> None:
        async def gives() -> int:
            return 3

        async def fails() -> None:
            raise KeyError("x")

        assert await within(5, gives()) == 3
        with pytest.raises(KeyError):
            await within(5, fails())

    asyncio.run(main())


@pytest.mark.parametrize("how", ["late", "cancelled"])
def test_nothing_runs_on(how: str) -> None:
    """Too late, or cancelled from outside: the work has ended when it returns, its cleaning up included."""
    said: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            said.append("cleaned up")

    async def main() -> None:
        task = asyncio.ensure_future(within(0.01 if how == "late" else 60, work()))
        await asyncio.sleep(0)
        if how == "cancelled":
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(TimeoutError if how == "late" else asyncio.CancelledError):
            await task
        assert said == ["cleaned up"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
