"""Conversations in SQL: create, find, list, change, delete. Functions on an open database, one transaction each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nbchat.core.conversations import Conversation, ConversationSummary
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message
from nbchat.storage import messages
from nbchat.storage.codec import CONVERSATION_COLUMNS, conversation_from_row, conversation_row
from nbchat.storage.database import Database
from nbchat.storage.owner import is_dead

__all__ = ["Whole", "adopt", "copy", "create", "delete", "find", "get", "summaries", "update"]


@dataclass(frozen=True, slots=True)
class Whole:
    """A conversation with all its messages and the last generation given to a turn of it."""

    conversation: Conversation
    messages: tuple[Message, ...]
    generation: int


_CHANGEABLE = frozenset({"name", "title", "provider", "model", "system", "parameters", "head", "updated"})


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


def summaries(db: Database, query: str, limit: int, offset: int, now: float) -> list[ConversationSummary]:
    """Return what a listing shows, last updated first; `query` is looked for in names and titles, whatever its case."""
    where = "WHERE instr(casefold(name), ?) OR instr(casefold(title), ?)" if query else ""
    parameters = (query.casefold(),) * 2 if query else ()
    with db.snapshot():
        rows = db.rows(
            f"SELECT {CONVERSATION_COLUMNS}, (SELECT COUNT(*) FROM messages WHERE conversation_id = conversations.id) "
            f"FROM conversations {where} ORDER BY updated DESC, id DESC LIMIT ? OFFSET ?",
            (*parameters, limit, offset),
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
            raise UsageError(f"another conversation is named “{row['name']}”.", hint="Choose another name.")
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


def adopt(db: Database, whole: Whole) -> None:
    """Save what `copy` gave, in one transaction; what is there already stays. A name that is taken gets a number."""
    wanted = whole.conversation
    with db.transaction():
        if get(db, wanted.id) is None:
            number, name = 1, wanted.name
            while find(db, name) is not None:
                number += 1
                name = f"{wanted.name} ({number})"
            row = conversation_row(replace(wanted, name=name))
            db.execute(f"INSERT INTO conversations ({CONVERSATION_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
        db.execute("UPDATE conversations SET generation = MAX(generation, ?) WHERE id = ?", (whole.generation, wanted.id))
        messages.add(db, wanted.id, 0, whole.messages)


def delete(db: Database, conversation_id: str) -> None:
    """Delete it with its messages and turns; the ledger's rows stay."""
    with db.transaction():
        db.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
