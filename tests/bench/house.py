"""Whole sessions in one loop: a contestant that opens a conversation for each answer, in a house wired as a kernel's is.

Each has its turn, its log, its checkpoints and its row in the ledger; the text is that which readers of the session are told.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.bench.clients import KEY, Took

if TYPE_CHECKING:
    from nbchat.sessions.state import Signal
    from tests.support.house import House

__all__ = ["WholeSessions"]


class WholeSessions:
    """The database is a file in `directory`; the streams are at `place`: "memory:", "sqlite:..." or "redis://..."."""

    def __init__(self, directory: Path, place: str) -> None:
        self._directory = directory
        self._place = place

    def load(self) -> None:
        from nbchat.providers.endpoint import warm

        warm()

    async def open(self, base_url: str) -> None:
        from nbchat.machine.owner import this_process
        from nbchat.runtime.clock import SystemClock
        from nbchat.runtime.collector import Collector
        from nbchat.streams.joining import join_streams
        from tests.support.house import house

        streams = join_streams(self._place, SystemClock(), owner="local", kernel=str(this_process()))
        server: Any = SimpleNamespace(base_url=base_url, api_key=KEY)  # all that a house asks of it
        self._opened = AsyncExitStack()
        place = str(self._directory / "nbchat.db")
        self._house: House = await self._opened.enter_async_context(house(server, place=place, streams=streams))
        self._house.forget_signals()  # one for each word of each answer: not to be measured
        collector = Collector()

        def paced(signal: Signal) -> None:  # as a kernel's hub does it
            if signal.name in ("turn-started", "turn-ended"):
                collector.set(sum(each.busy for each in self._house.manager.active))

        self._house.manager.listen(paced)

    async def prepare(self, model: str) -> None:
        """Open the conversation in which `ask` will ask this model."""
        session = await self._house.session(model, f"lab/{model}")
        await session.set_title("Given")  # else the first answer brings a second request

    async def ask(self, model: str, took: Took) -> None:
        session = await self._house.session(model, f"lab/{model}")
        turn = session.submit("go")

        def told(text: str | None) -> None:
            if text is not None:
                took(text)

        assert not turn.watch(told)
        answer = await asyncio.wrap_future(turn.future)
        assert answer.status == "complete", answer.error

    async def aclose(self) -> None:
        await self._opened.aclose()
