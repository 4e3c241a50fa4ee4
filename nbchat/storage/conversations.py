"""Conversations in SQL: create, find, list, change, delete. Functions on an open database, one transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbchat.core.conversations import Conversation, ConversationSummary
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message
from nbchat.core.texts import well_formed
from nbchat.machine.owner import is_dead
from nbchat.storage import index, messages
from nbchat.storage.codec import CONVERSATION_COLUMNS, conversation_from_row, conversation_row
from nbchat.storage.database import Database

__all__ = ["Whole", "add", "adopt", "copy", "create", "delete", "extend", "find", "get", "gone", "summaries", "update"]


@dataclass(frozen=True, slots=True)
class Whole:
    """A conversation with all its messages and the last generation given to a turn of it."""

    conversation: Conversation
    messages: tuple[Message, ...]
    generation: int

    @classmethod
    def imported(cls, conversation: Conversation, given: Sequence[Message]) -> Whole:
        """Return one that comes from outside: no turn of it runs here."""
        return cls(conversation, tuple(messages.settled(message) for message in given), 0)


def gone() -> UsageError:
    """Return what is raised when a conversation that somebody writes to is not there any more."""
    return UsageError("this conversation was deleted.", hint="Open it again to start anew.")


_CHANGEABLE = frozenset(CONVERSATION_COLUMNS.split(", ")) - {"id", "created"}


def create(db: Database, conversation: Conversation) -> Conversation:
    """Save it; where its name is taken, return the one that has it."""
    row = conversation_row(conversation)
    marks = ", ".join("?" * len(row))
    with db.transaction():
        db.execute(f"INSERT INTO conversations ({CONVERSATION_COLUMNS}) VALUES ({marks}) ON CONFLICT (name) DO NOTHING", row)
        found = find(db, row[1])
    assert found is not None
    return found


def get(db: Database, conversation_id: str) -> Conversation | None:
    """Return the conversation with this id."""
    row = db.row(f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE id = ?", (conversation_id,))
    return None if row is None else conversation_from_row(row)


def find(db: Database, name: str) -> Conversation | None:
    """Return the conversation with this name."""
    row = db.row(f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE name = ?", (name,))
    return None if row is None else conversation_from_row(row)


def summaries(db: Database, query: str, limit: int, offset: int, archived: bool | None, now: float) -> list[ConversationSummary]:
    """Return what a listing shows, last updated first; `query` is looked for in names and titles, whatever its case.
    Deleted messages are not counted."""
    wanted = []
    if archived is not None:
        wanted.append("archived = ?1")
    if query:
        wanted.append("instr(casefold(name || char(10) || title), ?2)")
    with db.snapshot():
        rows = db.rows(
            f"SELECT {CONVERSATION_COLUMNS}, (SELECT COUNT(*) FROM messages WHERE conversation_id = conversations.id) "
            "- (SELECT COUNT(*) FROM messages WHERE conversation_id = conversations.id AND deleted) "
            f"FROM conversations {'WHERE ' if wanted else ''}{' AND '.join(wanted)} "
            "ORDER BY updated DESC, id DESC LIMIT ?3 OFFSET ?4",
            (archived, query.casefold(), limit, offset),
        )
        turns = db.rows("SELECT conversation_id, owner, lease FROM turns WHERE ended IS NULL")
    running = {conversation for conversation, owner, lease in turns if not is_dead(owner, lease, now)}
    return [ConversationSummary(conversation_from_row(row), row[-1], row[0] in running) for row in rows]


def update(db: Database, conversation_id: str, changes: dict[str, Any], now: float) -> Conversation:
    """Change fields; anything but another head counts as an update. Raises KeyError, or UsageError for a name in use."""
    if unknown := set(changes) - _CHANGEABLE:
        raise UsageError(f"a conversation's {', '.join(sorted(unknown))} cannot be changed.")
    if not set(changes) <= {"head"}:
        changes = {"updated": now, **changes}
    with db.transaction():
        before = get(db, conversation_id)
        if before is None:
            raise KeyError(conversation_id)
        after = replace(before, **changes)
        row = dict(zip(CONVERSATION_COLUMNS.split(", "), conversation_row(after), strict=True))
        other = find(db, row["name"])
        if other is not None and other.id != conversation_id:
            raise UsageError(f"Another conversation is named “{row['name']}”.", hint="Choose another name.")
        sets = ", ".join(f"{name} = ?" for name in changes)
        if changes:
            db.execute(f"UPDATE conversations SET {sets} WHERE id = ?", (*(row[name] for name in changes), conversation_id))
        return get(db, conversation_id) or after


def copy(db: Database, conversation_id: str, now: float) -> Whole | None:
    """Return a conversation with its messages and its last generation."""
    row = db.row(f"SELECT {CONVERSATION_COLUMNS}, generation FROM conversations WHERE id = ?", (conversation_id,))
    if row is None:
        return None
    return Whole(conversation_from_row(row), tuple(messages.messages(db, conversation_id, now)), row[-1])


def add(db: Database, given: Whole) -> Conversation:
    """Save a new conversation with its whole tree, in one transaction; raises UsageError for an id that is not new."""
    with db.transaction():
        ids = [message.id for message in given.messages]
        known = get(db, given.conversation.id) or next(filter(None, (_message(db, each) for each in ids)), None)
        if known or len(set(ids)) < len(ids):
            raise UsageError("this conversation, or one of its messages, is there already.", hint="Import it with new ids.")
        return adopt_within(db, given)


def _message(db: Database, message_id: str) -> tuple[Any, ...] | None:
    return db.row("SELECT 1 FROM messages WHERE id = ?", (message_id,))


def adopt(db: Database, whole: Whole) -> Conversation:
    """Save what `copy` gave, in one transaction; what is there already stays. A name that is taken gets a number."""
    with db.transaction():
        return adopt_within(db, whole)


def adopt_within(db: Database, whole: Whole) -> Conversation:
    wanted = whole.conversation
    if get(db, wanted.id) is None:
        row = conversation_row(replace(wanted, name=_free_name(db, wanted.name)))
        db.execute(f"INSERT INTO conversations ({CONVERSATION_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
    db.execute("UPDATE conversations SET generation = MAX(generation, ?) WHERE id = ?", (whole.generation, wanted.id))
    messages.add(db, wanted.id, 0, whole.messages)
    return get(db, wanted.id) or wanted


def _free_name(db: Database, wanted: str) -> str:
    number, name = 1, well_formed(wanted)
    while find(db, name) is not None:
        number += 1
        name = f"{well_formed(wanted)} ({number})"
    return name


def extend(db: Database, conversation_id: str, given: Sequence[Message], head: str, now: float) -> None:
    """Add messages that no turn made and move the head; raises UsageError when the conversation is gone."""
    with db.transaction():
        changed = db.execute("UPDATE conversations SET head = ?, updated = ? WHERE id = ?", (head, now, conversation_id))
        if not changed.rowcount:
            raise gone()
        messages.add(db, conversation_id, 0, given)


def delete(db: Database, conversation_id: str) -> None:
    """Delete it with its messages and turns; the ledger's rows stay."""
    with db.transaction():
        db.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        index.forget(db)
