"""Server: what the two ports of one owner share on one Redis server: its keys, its connections, its scripts, its troubles."""

from __future__ import annotations

import os
from typing import Any
from uuid import uuid4

from nbchat.core.errors import ChatError
from nbchat.sessions.ports import Clock
from nbchat.sessions.ports.streams import LEASE_SECONDS
from nbchat.streams.redis.address import Address
from nbchat.streams.redis.link import PATIENCE_SECONDS, Argument, Link
from nbchat.streams.redis.scripts import Script
from nbchat.streams.redis.trouble import told

__all__ = ["Server"]

BLOCK_SECONDS = 2.0
"""How long the server holds an answer back where nothing happens: the reader's own signs of life go out as often."""


class _UnknownScriptError(Exception):
    """The server does not know a script by its name (yet)."""


class Server:
    """One owner's part of a server. Calls take at most 1 s, and raise StreamsError for trouble that may pass, ConfigError for a
    set-up that cannot work."""

    def __init__(self, address: Address, owner: str, clock: Clock) -> None:
        self.owner = owner
        self.clock = clock
        self.keys = address.keys_of(owner)
        self._token = uuid4().hex
        self._address = address
        self._calls = Link(address)
        self._waits = Link(address, BLOCK_SECONDS + PATIENCE_SECONDS)
        self._troubled: float | None = None
        self._holds = 2

    @property
    def process(self) -> str:
        """By which other processes know this one's readers; another one behind a fork."""
        return f"{self._token}-{os.getpid()}"

    async def run(self, script: Script, *arguments: Argument) -> Any:
        """Run a script on the server."""
        try:
            return await self._call(self._calls, "EVALSHA", script.sha, 1, self.keys, *arguments)
        except _UnknownScriptError:  # a server that was restarted, or never saw it
            return await self._call(self._calls, "EVAL", script.text, 1, self.keys, *arguments)

    async def call(self, *command: Argument) -> Any:
        """Run one command."""
        return await self._call(self._calls, *command)

    async def wait_for_entries(self, after: dict[str, str]) -> list[tuple[str, list[tuple[str, dict[str, str]]]]]:
        """Return what came behind these ids of these streams, as (key, [(id, fields)]); nothing, after 2 s."""
        command: tuple[Argument, ...] = (
            "XREAD",
            "COUNT",
            500,
            "BLOCK",
            int(BLOCK_SECONDS * 1000),
            "STREAMS",
            *after,
            *after.values(),
        )
        found = await self._call(self._waits, *command)
        return [(key, pairs(entries)) for key, entries in found or ()]

    async def _call(self, link: Link, *command: Argument) -> Any:
        # The error is raised behind the except: what redis-py had in its hands (the password) must not hang on it.
        trouble: Exception
        try:
            return await link.call(*command)
        except ChatError as error:
            trouble = error
        except Exception as error:
            known = type(error).__name__ != "NoScriptError"
            trouble = told(error, self._address, self.keys) if known else _UnknownScriptError()
        if isinstance(trouble, ChatError):
            self._troubled = self.clock.monotonic()
        raise trouble

    @property
    def leases_are_known(self) -> bool:
        """Whether a lease that is over means that its kernel is gone: not when it could not be renewed a moment ago."""
        return self._troubled is None or self.clock.monotonic() - self._troubled >= LEASE_SECONDS

    async def release(self) -> None:
        """One of the two ports needs it no more; the second one to say so closes the connections."""
        self._holds -= 1
        if self._holds == 0:
            await self._calls.close()
            await self._waits.close()


def pairs(entries: list[Any]) -> list[tuple[str, dict[str, str]]]:
    """Return stream entries as (id, fields)."""
    return [(entry, dict(zip(fields[::2], fields[1::2], strict=True))) for entry, fields in entries if fields is not None]
