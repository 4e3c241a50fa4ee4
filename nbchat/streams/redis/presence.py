"""Presence: which logs this process follows, as the server is told it; a process that died is forgotten there by itself.

Owns the logs with readers of this process. Must not know what readers are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from nbchat.core.errors import ChatError
from nbchat.streams.redis.followers import Followers
from nbchat.streams.redis.link import Argument
from nbchat.streams.redis.log_scripts import BEAT, COUNT_READERS, READERS
from nbchat.streams.redis.server import Server

__all__ = ["Presence"]


class Presence:
    """The readers of this process by log. `changed()` is called when a reader comes or goes."""

    def __init__(self, server: Server, changed: Callable[[], None]) -> None:
        self._server = server
        self._changed = changed
        self._telling = asyncio.Lock()
        self.logs: dict[str, Followers] = {}
        self.is_waking = False
        """Whether this process is to be woken where it waits, whatever there is to tell."""

    def of(self, stream_id: str) -> Followers:
        """Return the readers of a log, to which some may be added."""
        followers = self.logs.get(stream_id)
        if followers is None:
            followers = self.logs[stream_id] = Followers(self._changed)
        return followers

    @property
    def is_told(self) -> bool:
        """Whether the server knows of all readers."""
        return not self.is_waking and all(followers.is_told for followers in self.logs.values())

    @property
    def is_wanted(self) -> bool:
        """Whether anybody reads, or waits for the last reader to leave."""
        return any(followers.count or followers.when_empty for followers in self.logs.values())

    @property
    def listens(self) -> bool:
        """Whether anybody waits for the last reader to leave."""
        return any(followers.when_empty for followers in self.logs.values())

    async def tell(self) -> None:
        """Tell the server which readers came and went. Raises StreamsError when it cannot be told."""
        async with self._telling:
            untold = {stream_id: followers for stream_id, followers in self.logs.items() if not followers.is_told}
            if not untold and not self.is_waking:
                return
            told = [(followers, followers.count, followers.made, followers.left) for followers in untold.values()]
            arguments = list[Argument]()
            for stream_id, (_, *counts) in zip(untold, told, strict=True):
                arguments += [stream_id, *counts]
            await self._server.run(READERS, self._server.process, *arguments)
            self.is_waking = False
            for followers, count, made, left in told:
                followers.told = count
                followers.made -= made
                followers.left -= left
            self._tidy()

    def _tidy(self) -> None:
        for stream_id, followers in tuple(self.logs.items()):
            if not followers.count and not followers.when_empty and followers.is_told:
                del self.logs[stream_id]

    async def beat(self) -> None:
        """Give a sign of life, and look whether the last readers of a log died. Raises StreamsError when that cannot be told."""
        if any(followers.told for followers in self.logs.values()) and not await self._server.run(BEAT, self._server.process):
            await self.tell_again()
        for stream_id, followers in tuple(self.logs.items()):
            if followers.when_empty:
                await self._server.run(COUNT_READERS, stream_id)

    async def tell_again(self) -> None:
        """Tell the server of all readers: it forgot them."""
        for followers in self.logs.values():
            followers.told = 0
        await self.tell()

    async def counted(self, stream_id: str) -> tuple[int, int]:
        """Return how many readers a log has, in all processes, and how many it ever had."""
        await self.tell()
        total, made = await self._server.run(COUNT_READERS, stream_id)
        return total, made

    async def leave(self) -> None:
        """Let go of all readers, and tell the server if it can be told."""
        for followers in self.logs.values():
            had = followers.count
            followers.forget()
            followers.left += bool(had)
        with suppress(ChatError):  # it forgets them by itself
            await self.tell()
        self.logs.clear()
