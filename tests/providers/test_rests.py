"""Connections that rest between two reads, where many answers come: fewer wake-ups, and nothing else is different."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from nbchat.providers.http import connection as module
from nbchat.providers.http.connection import Connection
from tests.support.house import eventually


@asynccontextmanager
async def poured(until: bytes) -> AsyncIterator[tuple[socket.socket, Connection, list[bytes], asyncio.Task[bool]]]:
    """A connection that is poured until these bytes come, with its peer and what it hands on."""
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    _, connection = await asyncio.get_running_loop().create_connection(Connection, sock=ours)
    came = list[bytes]()

    def sink(data: bytes) -> bool:
        came.append(data)
        return not data.endswith(until)

    pouring = asyncio.create_task(connection.pour(sink))
    await asyncio.sleep(0)
    yield peer, connection, came, pouring
    await connection.abort()
    peer.close()
    await asyncio.gather(pouring, return_exceptions=True)


async def _one_by_one(peer: socket.socket, came: list[bytes], words: int) -> None:
    """Send words, each as soon as the last one has been handed on, or a moment has passed without that."""
    for number in range(words):
        seen = len(came)
        peer.send(b"word %d " % number)
        for _ in range(50):
            if len(came) > seen:
                break
            await asyncio.sleep(0)
    peer.send(b"end")


def test_one_answer_is_read_in_the_moment_it_comes() -> None:
    async def main() -> None:
        async with poured(b"end") as (peer, _, came, pouring):
            await _one_by_one(peer, came, 20)
            assert await pouring
            assert b"".join(came) == b"".join(b"word %d " % number for number in range(20)) + b"end"
            assert len(came) >= 20

    asyncio.run(main())


def test_of_many_answers_the_words_gather(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first words come at once; then what comes close upon them is read together, whole and in order, and so is the end."""
    monkeypatch.setattr(module, "_READS", 1)  # a single answer is many
    monkeypatch.setattr(module, "_REST_SECONDS", (0.0, 1.0))  # a busy machine may stand still for some tenths

    async def main() -> None:
        async with poured(b"end") as (peer, _, came, pouring):
            await _one_by_one(peer, came, 20)
            assert came[0] == b"word 0 "
            assert await pouring
            assert b"".join(came) == b"".join(b"word %d " % number for number in range(20)) + b"end"
            assert len(came) <= 6

    asyncio.run(main())


def test_a_word_that_comes_alone_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READS", 20)  # a rest of 50 ms

    async def main() -> None:
        async with poured(b"end") as (peer, connection, came, _):
            for number in range(3):
                peer.send(b"word %d " % number)
                await eventually(lambda seen=number: len(came) > seen)
                assert connection._rest is None
                await asyncio.sleep(0.08)

    asyncio.run(main())


def test_a_burst_is_read_as_fast_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fills the buffer is no trickle of words: a rest would only keep the sender waiting."""
    monkeypatch.setattr(module, "_READS", 1)
    monkeypatch.setattr(module, "_REST_SECONDS", (0.0, 60.0))
    sent = b"x" * (module._BUFFER * 20)

    async def main() -> None:
        async with poured(b"end") as (peer, _, came, pouring):
            peer.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(peer, sent)
            connection_read = sum(map(len, came))
            assert connection_read > len(sent) // 2
            pouring.cancel()

    asyncio.run(main())


def test_a_stop_in_a_rest_closes_at_once_and_the_next_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READS", 1)
    monkeypatch.setattr(module, "_REST_SECONDS", (0.0, 60.0))

    async def main() -> None:
        async with poured(b"end") as (peer, connection, came, pouring):
            await _one_by_one(peer, came, 3)
            assert connection._rest is not None
            pouring.cancel()
            await asyncio.wait([pouring], timeout=30)
            await asyncio.wait_for(connection.abort(), 30)
            assert connection._rest is None
            assert peer.recv(1) == b""

    asyncio.run(main())


def test_whoever_lets_the_server_wait_does_so_beyond_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READS", 50)
    monkeypatch.setattr(module, "_REST_SECONDS", (0.0, 0.02))

    async def main() -> None:
        async with poured(b"end") as (peer, connection, came, pouring):
            await _one_by_one(peer, came, 3)
            connection.pause()
            seen = len(came)
            await eventually(lambda: connection._rest is None)
            await asyncio.sleep(0.03)
            assert len(came) == seen
            connection.resume()
            assert await pouring

    asyncio.run(main())
