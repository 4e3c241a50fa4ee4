"""Answers that were stopped half-way, and other kernels that find them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from nbchat.core.messages import Message
from nbchat.sessions.session import Session
from nbchat.storage import open_store
from nbchat.testing import Gate
from tests.support.house import House, answer, eventually

__all__ = ["house_of", "opened", "stopped"]


async def stopped(session: Session, gate: Gate, text: str) -> Message:
    """Ask, and stop when this much has come."""
    turn = session.submit("count")
    await eventually(lambda: turn.content.text == text)
    await session.stop()
    return await answer(turn)


def opened(tokens: int) -> Gate:
    gate = Gate()
    gate.release(tokens)
    return gate


@asynccontextmanager
async def house_of(directory: Path, first: House) -> AsyncIterator[House]:
    """Another kernel's house: a store of its own on the same file, the same providers."""
    store = open_store(directory / "nbchat.db", clock=first.ports.clock)
    other = House(replace(first.ports, store=store, ledger=store, settings=store), first.registry, store, first.server)
    try:
        yield other
    finally:
        await other.manager.aclose()
        await store.aclose()
