"""Two kernels in one test: two houses on one database and one shared memory of streams, whose server can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from nbchat.core.cost import Price
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.session import Session
from nbchat.testing import Reply, ScriptedServer
from tests.support.house import House, house
from tests.support.shared import SharedStreams

__all__ = ["Two", "between", "texts"]


class Two:
    """Kernels "a" and "b", whose notebooks are called a.ipynb and b.ipynb."""

    def __init__(self, a: House, b: House, shared: SharedStreams, server: ScriptedServer) -> None:
        self.a = a
        self.b = b
        self.shared = shared
        self.server = server

    async def sessions(self) -> tuple[Session, Session]:
        """The conversation, open in both."""
        return await self.a.session("notes"), await self.b.session("notes")


def between(
    directory: Path,
    test: Callable[[Two], Awaitable[None]],
    *replies: Reply,
    price: Price | None = None,
    alone: bool = False,
    **wired: Any,
) -> ScriptedServer:
    """Run `test` with two kernels; returns their one model server. `alone`: they know of each other by the database only."""

    async def main(server: ScriptedServer) -> None:
        clock = SystemClock()
        shared = SharedStreams(clock)
        place = str(directory / "nbchat.db")

        def options(name: str) -> dict[str, Any]:
            own: dict[str, Any] = {"place": place, "clock": clock, "price": price, "notebook": lambda: f"{name}.ipynb"}
            return own | ({} if alone else {"streams": shared.kernel(name), "user": shared.owner}) | wired

        async with house(server, **options("a")) as a, house(server, **options("b")) as b:
            await test(Two(a, b, shared, server))

    with ScriptedServer(replies) as server:
        asyncio.run(main(server))
    return server


def texts(session: Session) -> Sequence[str]:
    """The active path's texts."""
    return [message.text for message in session.path]
