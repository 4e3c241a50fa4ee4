"""House: a whole nbchat without a notebook, on one event loop: memory store, memory streams, a real provider over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from nbchat.core.cost import Price
from nbchat.core.messages import Message
from nbchat.core.models import Provider
from nbchat.core.secrets import Secret
from nbchat.providers.making import make_provider
from nbchat.providers.registry import ProviderRegistry
from nbchat.runtime.clock import SystemClock
from nbchat.sessions.manager import SessionManager
from nbchat.sessions.ports import Clock, Ports
from nbchat.sessions.session import Session
from nbchat.sessions.state import Signal
from nbchat.sessions.turn import Turn
from nbchat.storage import open_store
from nbchat.storage.fallback import FallbackStore
from nbchat.storage.store import SqliteStore
from nbchat.streams.joining import Streams, join_streams
from nbchat.testing import Reply, ScriptedServer

__all__ = ["House", "answer", "eventually", "house", "live", "play"]


class NoPrices:
    """A price book that knows the prices it was given."""

    def __init__(self, price: Price | None = None) -> None:
        self._price = price

    async def price(self, provider: Provider, model: str, *, ask: bool = True) -> Price | None:
        """Return the one price."""
        return self._price


class House:
    """The rooms, wired as `app` wires them, with one provider called "lab"."""

    def __init__(
        self, ports: Ports, registry: ProviderRegistry, store: SqliteStore | FallbackStore, server: ScriptedServer
    ) -> None:
        self.ports = ports
        self.registry = registry
        self.store = store
        self.server = server
        self.manager = SessionManager(ports)
        self.signals: list[Signal] = []
        self.forget_signals = self.manager.listen(self.signals.append)
        """Keep no more of them."""

    async def session(self, name: str = "test", model: str = "lab/tiny") -> Session:
        """Open a session and hold it."""
        session = await self.manager.open(name, model=model)
        session.lease()
        return session

    def statuses(self) -> list[str]:
        """The history of session statuses so far."""
        return [signal.data[1] for signal in self.signals if signal.name == "status-changed"]


@asynccontextmanager
async def house(
    server: ScriptedServer,
    *,
    place: str = "memory:",
    clock: Clock | None = None,
    price: Price | None = None,
    streams: Streams | None = None,
    **wired: Any,
) -> AsyncIterator[House]:
    """A house whose provider "lab" is `server`, closed at the end; `streams` are those that it shares with other kernels, and
    `wired` ports of the test's own."""
    time = clock or SystemClock()
    store = open_store(place, clock=time)
    registry = ProviderRegistry(store, time)
    key = server.api_key
    lab, secret = make_provider("lab", base_url=server.base_url, api_key=Secret(key) if isinstance(key, str) else key)
    registry.add(lab, secret)
    streams = streams or join_streams("memory:", time, owner="local", kernel="")
    wired = {"others": streams.others, **wired}
    ports = Ports(time, store, store, store, streams.jobs, streams.log, NoPrices(price), registry.get, **wired)
    built = House(ports, registry, store, server)
    await built.manager.start()
    try:
        yield built
    finally:
        await built.manager.aclose()
        await streams.close()
        await registry.aclose()
        await store.aclose()


def live(test: Callable[[House], Awaitable[None]], *replies: Reply, **options: object) -> ScriptedServer:
    """Run `test` in a house whose server plays the replies; returns the server with what it received."""
    with ScriptedServer(replies) as server:
        play(test, server, **options)
    return server


def play(test: Callable[[House], Awaitable[None]], server: ScriptedServer, **options: object) -> None:
    """Run `test` in a house with this server."""

    async def main() -> None:
        async with house(server, **options) as built:  # type: ignore[arg-type]
            await test(built)

    asyncio.run(main())


async def answer(turn: Turn) -> Message:
    """Wait for a turn's final message."""
    return await asyncio.wait_for(asyncio.wrap_future(turn.future), 30)


async def eventually(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until `condition()` holds; raises AssertionError after `seconds`."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = condition()
        if (await found) if isinstance(found, Awaitable) else found:
            return
        assert asyncio.get_running_loop().time() < end, "this never came true"
        await asyncio.sleep(0.005)
