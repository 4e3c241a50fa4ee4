"""Link: one connection to the server, for any number of calls at once. What is asked while others are under way goes out with
the next; whatever the server does, every call ends within its patience from then on. Must not know what is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
import threading
from typing import Any, TypeAlias

from nbchat.sessions.ports import StreamsError
from nbchat.sessions.tasks import begin
from nbchat.streams.redis.address import Address
from nbchat.streams.redis.trouble import CLOSED

__all__ = ["Argument", "Link"]

Argument: TypeAlias = "str | bytes | int"
PATIENCE_SECONDS = 0.9
"""How long a call may take: nobody waits for a second, and what is the matter can be said before that."""
_IDLE_SECONDS = 10.0
"""A connection that rested for so long may have been closed by the server or on the way: it is tried before it is used."""
_loaded = threading.Event()
_parents: list[object] = []
"""Connections of the process that forked this one: kept, for letting go of them would close them there."""


class Link:
    """Opened by the first call, again by the first call after trouble; on the loop that calls."""

    def __init__(self, address: Address, patience: float = PATIENCE_SECONDS) -> None:
        self._address = address
        self._patience = patience
        self._waiting: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]] = []
        self._work: asyncio.Task[None] | None = None
        self._connection: Any = None
        self._used = 0.0
        self._late = False
        self._closed = False
        self._process = os.getpid()

    async def call(self, *command: Argument) -> Any:
        """Return the server's answer to one command. Raises what redis-py raises, its TimeoutError after `patience` seconds."""
        if self._closed:
            raise StreamsError(CLOSED)
        if self._process != os.getpid():
            self._leave_to_parent()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._work is None:
            self._work = begin(self._exchange_all())
        return await answer

    def _leave_to_parent(self) -> None:
        _parents.append((self._connection, self._work, self._waiting))
        self._connection, self._work, self._waiting = None, None, []
        self._process = os.getpid()

    async def _exchange_all(self) -> None:
        """Send what waits and read the answers, until nothing waits. Trouble ends every call that waits: so none of them waits
        for longer than it may because others did before it."""
        loop = asyncio.get_running_loop()
        batch: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]] = []
        self._late = False
        try:
            await _load()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                timer = loop.call_later(self._patience, self._give_up)
                try:
                    await self._exchange(batch)
                finally:
                    timer.cancel()
                self._used = loop.time()
        except asyncio.CancelledError:
            await self._disconnect()
            self._fail(batch, _too_late() if self._late else StreamsError(CLOSED))
            if not self._late:
                raise
        except Exception as error:  # whatever it is, those who wait must hear of it
            await self._disconnect()
            self._fail(batch, error)
        finally:
            self._work = None

    def _give_up(self) -> None:
        self._late = True
        if self._work is not None:
            self._work.cancel()

    def _fail(self, batch: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]], error: Exception) -> None:
        for _, answer in (*batch, *self._waiting):
            _refuse(answer, error)
        self._waiting.clear()

    async def _exchange(self, batch: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]]) -> None:
        connection = await self._connected()
        response_error = sys.modules["redis.exceptions"].ResponseError
        await connection.send_packed_command(connection.pack_commands([command for command, _ in batch]), check_health=False)
        for _, answer in batch:
            try:
                found = await connection.read_response()
            except response_error as error:
                _refuse(answer, error)
            else:
                if not answer.done():
                    answer.set_result(found)

    async def _connected(self) -> Any:
        if self._connection is None:
            self._connection = _connection(self._address)
        connection = self._connection
        if connection.is_connected and asyncio.get_running_loop().time() - self._used > _IDLE_SECONDS:
            try:
                await connection.send_command("PING", check_health=False)
                await connection.read_response()
            except sys.modules["redis.exceptions"].RedisError:
                await self._disconnect()
        if not connection.is_connected:
            await connection.connect()
        return connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                await self._connection.disconnect(nowait=True)

    async def close(self) -> None:
        """End what is under way, and the connection; idempotent. Further calls raise StreamsError."""
        self._closed = True
        if self._process != os.getpid():
            self._leave_to_parent()
        if (work := self._work) is not None:
            work.cancel()
            await asyncio.wait([work])
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # a silent server must not hold up the end
                await asyncio.wait_for(connection.disconnect(), self._patience)


async def _load() -> None:
    """Load redis-py. That takes 200 ms, on a busy machine seconds: not the loop's, and not a call's, for no server is slow."""
    if not _loaded.is_set():
        await asyncio.to_thread(importlib.import_module, "redis.asyncio.connection")
        _loaded.set()


def _refuse(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # asked for once: whoever gave up in this moment need not be told, least of all on the screen


def _too_late() -> Exception:
    from redis.exceptions import TimeoutError as RedisTimeoutError

    return RedisTimeoutError("no answer in time")


def _connection(address: Address) -> Any:
    from redis.asyncio.connection import Connection, SSLConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    made = SSLConnection if address.tls else Connection
    return made(retry=Retry(NoBackoff(), 0), **address.arguments)
