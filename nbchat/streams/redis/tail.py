"""Tail: the one place where this process waits for what comes: entries of the logs that it follows, and notices of jobs.

One blocking read covers them all; a change of what is followed wakes it, by an entry in a stream that is this process's own. In
trouble every reader that wants to know of gaps is told of one, and the others go on where they were. Must not know who reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable

from nbchat.core.errors import ChatError
from nbchat.sessions.ports import Job, StreamsError, Subscription
from nbchat.sessions.tasks import begin
from nbchat.streams.redis.fields import entry_of, jobs_of
from nbchat.streams.redis.followers import Followers, Leaving
from nbchat.streams.redis.job_scripts import GET, RUNNING
from nbchat.streams.redis.log_scripts import POSITION
from nbchat.streams.redis.presence import Presence
from nbchat.streams.redis.server import BLOCK_SECONDS, Server
from nbchat.streams.watchers import Watchers

__all__ = ["Tail"]

_log = logging.getLogger("nbchat.streams")
_AGAIN_SECONDS = (0.1, 2.0)
"""After trouble the server is tried again so soon, and at last so rarely."""
_MANY = 500
"""So many notices at once are all that one read gives: some may be missing."""


class Tail:
    """On the loop. It runs while anybody reads or watches."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._watchers = Watchers()
        self.presence = Presence(server, self._changed)
        self._notices: str | None = None
        self._woken = "0-0"
        self._task: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._process = os.getpid()
        self._troubled = False
        self._beaten = 0.0

    # ------------------------------------------------------------ who wants to know

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back with jobs of which there is a notice."""
        watch = self._watchers.add(on_job)
        self._wake()
        return watch

    def listen(self, stream_id: str, callback: Callable[[], None]) -> Subscription:
        """Call back when the last reader of a log leaves."""
        leaving = Leaving(self.presence.of(stream_id), callback, self._changed)
        self._wake()
        return leaving

    def forget(self, stream_id: str) -> None:
        """Let go of the readers of a log."""
        followers = self.presence.logs.pop(stream_id, None)
        if followers is not None:
            followers.forget()

    @property
    def _wants_notices(self) -> bool:
        return bool(self._watchers) or self.presence.listens

    def _wake(self) -> None:
        self.presence.is_waking = self._task is not None and not self._task.done()
        self._changed()

    def _changed(self) -> None:
        if self._process != os.getpid():  # the tasks are the parent's
            self._task, self._telling, self._process = None, None, os.getpid()
        if (self._wants_notices or self.presence.is_wanted) and (self._task is None or self._task.done()):
            self._task = begin(self._run())
        if not self.presence.is_told and (self._telling is None or self._telling.done()):
            self._telling = begin(self._tell())

    async def _tell(self) -> None:
        with contextlib.suppress(ChatError):  # the next round of `_run` tells it, or the server forgets it
            await self.presence.tell()

    # ------------------------------------------------------------ where it begins

    async def begin(self) -> None:
        """Find out where the logs of new readers end, and the notices: whoever writes here afterwards is seen by them. Raises
        StreamsError or ConfigError where the server does not say."""
        if not self._wants_notices:
            self._notices = None
        logs = self.presence.logs
        unplaced = [stream_id for stream_id, followers in logs.items() if followers.unplaced]
        if not unplaced and (self._notices is not None or not self._wants_notices):
            return
        newest, *ends = await self._server.run(POSITION, *unplaced)
        if self._notices is None:
            self._notices = newest
        for stream_id, (generation, seq) in zip(unplaced, ends, strict=True):
            if (followers := logs.get(stream_id)) is not None:
                followers.place((generation, seq))

    # ------------------------------------------------------------ waiting

    async def _run(self) -> None:
        again = _AGAIN_SECONDS[0]
        while self._wants_notices or self.presence.is_wanted:
            try:
                await self._round()
                again = _AGAIN_SECONDS[0]
            except Exception as error:  # whatever it is, whoever waits here must not wait for ever
                if not isinstance(error, ChatError):
                    _log.exception("reading from Redis failed")
                elif not self._troubled:
                    _log.info("%s", error)
                self._troubled = True
                for followers in tuple(self.presence.logs.values()):
                    followers.lose()
                await self._server.clock.sleep(again)
                again = min(2 * again, _AGAIN_SECONDS[1])

    async def _round(self) -> None:
        """Wait for what comes, and tell it."""
        await self.begin()
        await self.presence.tell()
        if self._troubled:
            await self.presence.tell_again()
            await self._tell_running()
            self._troubled = False
        now = asyncio.get_running_loop().time()
        if now - self._beaten >= BLOCK_SECONDS:
            self._beaten = now
            await self.presence.beat()
        keys, own, notices = self._server.keys, f"process:{self._server.process}", []
        asked = {f"{keys}{own}": self._woken}
        for stream_id, followers in self.presence.logs.items():
            if followers.cursor is not None:
                asked[f"{keys}tail:{stream_id}"] = _id(followers)
        if self._wants_notices and self._notices is not None:
            asked[f"{keys}notices"] = self._notices
        for key, entries in await self._server.wait_for_entries(asked):
            name = key[len(keys) :]
            if name == own:
                self._woken = entries[-1][0]
            elif name == "notices":
                self._notices, notices = entries[-1][0], entries
            else:
                self._take(name.partition(":")[2], asked[key], entries)
        if notices:
            await self._tell_notices(notices)

    def _take(self, stream_id: str, asked: str, entries: list[tuple[str, dict[str, str]]]) -> None:
        """Tell the readers of a log what came, unless a reader that came meanwhile begins further back: then it is read again."""
        followers = self.presence.logs.get(stream_id)
        if followers is None or followers.cursor is None or _id(followers) != asked:
            return
        for entry_id, values in entries:
            try:
                followers.tell(entry_of(entry_id, values))
            except (StreamsError, KeyError, ValueError) as error:
                _log.info("%s", error)
                generation, _, seq = entry_id.partition("-")
                followers.cursor = (int(generation), int(seq))
                followers.lose()

    async def _tell_notices(self, entries: list[tuple[str, dict[str, str]]]) -> None:
        jobs = list(dict.fromkeys(values["id"] for _, values in entries if values.get("kind") == "job"))
        for _, values in entries:
            if values.get("kind") == "left" and (followers := self.presence.logs.get(values["id"])) is not None:
                followers.tell_empty()
        if len(entries) >= _MANY:
            await self._tell_running()
        elif jobs and self._watchers:
            self._tell_jobs(await self._server.run(GET, *jobs))

    async def _tell_running(self) -> None:
        if self._watchers:
            self._tell_jobs(await self._server.run(RUNNING))

    def _tell_jobs(self, found: list[list[object] | None]) -> None:
        for job in jobs_of(found, leases_are_known=self._server.leases_are_known):
            self._watchers.tell(job)

    # ------------------------------------------------------------ the end

    def close_watchers(self) -> None:
        """Forget who watches."""
        self._watchers.close()

    async def close(self) -> None:
        """Let go of all readers and stop; idempotent."""
        await self.presence.leave()
        self._watchers.close()
        for task in (self._task, self._telling):
            if task is not None and self._process == os.getpid() and not task.done():
                task.cancel()
                await asyncio.wait([task])
        self._task = self._telling = None


def _id(followers: Followers) -> str:
    generation, seq = followers.cursor or (0, 0)
    return f"{generation}-{seq}"
