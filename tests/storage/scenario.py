"""What people do while their database is in trouble, and what must be in it when that is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ErrorInfo, StorageError
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.sessions.ports import TurnRecord
from nbchat.storage import FallbackStore, Place, SqliteStore
from tests.contracts.values import Asked, a_conversation, a_message, a_record, a_turn, end_of
from tests.support.clock import ManualClock

__all__ = ["Kept", "Noted", "begun", "chat", "heal", "locked", "saved", "whole_turn"]


class Noted(FallbackStore):
    """A store that notes what it said, and does not wait long for locks."""

    def __init__(self, path: Path) -> None:
        self.said: list[ErrorInfo | None] = []
        clock = ManualClock()
        super().__init__(SqliteStore(Place(path), clock, busy_seconds=0.01), clock, self.said.append)

    def told(self) -> ErrorInfo:
        """Return the one thing that was said."""
        (info,) = self.said
        assert info is not None
        assert (info.kind, bool(info.hint)) == ("storage", True)
        assert "in memory" in info.text
        return info


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


async def begun(store: FallbackStore, conversation: Conversation) -> tuple[Asked, TurnRecord]:
    """A turn that has begun: what was asked, and its record."""
    asked = a_turn(conversation)
    return asked, await store.begin_turn(asked.record, asked.messages)


async def whole_turn(store: FallbackStore, conversation: Conversation, text: str, parent: str | None = None) -> Asked:
    asked = a_turn(conversation, parent=parent)
    record = await store.begin_turn(asked.record, asked.messages)
    assert await store.end_turn(record, end_of(asked, text), [a_record(asked)])
    return asked


async def saved(path: Path, conversation_id: str) -> list[Message]:
    """What is really in the file."""
    store = SqliteStore(Place(path), ManualClock())
    found = await store.messages(conversation_id)
    await store.aclose()
    return found


@dataclass(frozen=True)
class Kept:
    """What was said in trouble: conversations with their messages, and how many rows of the ledger."""

    conversations: dict[str, list[Message]]
    rows: int

    async def check(self, store: SqliteStore | FallbackStore) -> None:
        """All of it is there, is found, and nothing else is in these conversations."""
        for conversation_id, expected in self.conversations.items():
            assert await store.messages(conversation_id) == expected
            assert len(await store.records(conversation_id)) in (0, self.rows)
        words = ("zebra", "quagga", "okapi")
        assert [len(await store.search(word)) for word in words] == [1, 1, 1]
        assert {hit.conversation.id for word in words for hit in await store.search(word)} == set(self.conversations)
        assert (await store.settings())["scenario"] == 1


async def chat(store: Noted) -> Kept:
    """Ask, stop, resume, edit, hide, fork, rename, search: in trouble, or getting into it on the way."""
    conversation = await store.create(a_conversation("in trouble"))
    asked, record = await begun(store, conversation)
    await store.checkpoint(record, [TextPart("a ze")])
    cut = end_of(asked, "a ze", status="stopped")
    assert await store.end_turn(record, cut, [a_record(asked)])
    again = replace(asked.record, id=new_id(), request_id=new_id())
    record = await store.begin_turn(again, [asked.question, replace(cut, status="streaming")])
    await store.checkpoint(record, [TextPart("bra")])
    assert (await store.messages(conversation.id))[1].text == "a zebra"
    final = end_of(asked, "a zebra")
    assert await store.end_turn(record, final, [a_record(asked, id=record.request_id)])
    own = a_message("assistant", "a quagga by hand", asked.question)
    await store.add_messages(conversation.id, [own], head=own.id)
    await store.mark(conversation.id, [own.id], hidden=True)
    fork = await store.add_conversation(a_conversation("fork"), [a_message("user", "an okapi")])
    await store.update(conversation.id, title="T", titled=True)
    await store.set("scenario", 1)
    with pytest.raises(StorageError, match="removed for good"):
        await store.purge(0.0)
    names = {row.conversation.name for row in await store.summaries()}
    assert {"in trouble", "fork"} <= names
    kept = Kept({conversation.id: await store.messages(conversation.id), fork.id: await store.messages(fork.id)}, 2)
    assert [message.text for message in kept.conversations[conversation.id]] == ["hi?", "a zebra", "a quagga by hand"]
    await kept.check(store)
    return kept


async def heal(store: Noted, path: Path, kept: Kept) -> None:
    """The trouble is over: it is said once, and everything is in the file. A connection that could only read is given up
    by the first heartbeat, so that the second has a new one."""
    await store.heartbeat()
    await store.heartbeat()
    assert store.said[1:] == [None]
    assert store.unsaved == 0
    await kept.check(store)
    await store.aclose()
    bare = SqliteStore(Place(path), ManualClock())
    await kept.check(bare)
    await bare.aclose()
