"""Search in SQL: the messages that hold all words, newest first, from the index or, without one, from the messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from nbchat.core.conversations import SearchHit
from nbchat.storage.codec import CONVERSATION_COLUMNS, conversation_from_row
from nbchat.storage.database import Database
from nbchat.storage.index import is_missing, shown_text
from nbchat.storage.words import Phrase, matches, snippets

__all__ = ["search"]

_FOUND = "m.conversation_id, m.id, m.role, m.parts, m.created"
_AT_ONCE = 500
"""SQLite before 3.32 takes 999 parameters."""


def search(
    db: Database, wanted: tuple[Phrase, ...], conversation_id: str | None, limit: int, offset: int, *, indexed: bool
) -> list[SearchHit]:
    """Return a page of hits, the message that was saved last first. Without an index that is up to date (no FTS5, or a
    database that cannot be written) all messages are read: right, but slow."""
    with db.snapshot():
        rows = _from_index(db, wanted, conversation_id, limit, offset) if indexed else None
        if rows is None:
            rows = list(islice(_from_messages(db, wanted, conversation_id), offset, offset + limit))
        return _hits(db, wanted, rows)


def _from_index(
    db: Database, wanted: tuple[Phrase, ...], conversation_id: str | None, limit: int, offset: int
) -> list[tuple[Any, ...]] | None:
    first, last = _range(db, conversation_id)
    try:
        # CROSS JOIN fixes the order: the index gives positions newest first, and reading stops at the limit.
        return db.rows(
            f"SELECT {_FOUND} FROM message_index f CROSS JOIN messages m ON m.position = f.rowid "
            "WHERE f.message_index MATCH ?1 AND f.rowid BETWEEN ?2 AND ?3 AND NOT m.deleted AND m.status <> 'streaming' "
            "AND (?4 IS NULL OR m.conversation_id = ?4) ORDER BY f.rowid DESC LIMIT ?5 OFFSET ?6",
            (_expression(wanted), first, last, conversation_id, limit, offset),
        )
    except Exception as error:
        if is_missing(error):
            return None
        raise


def _range(db: Database, conversation_id: str | None) -> tuple[int, int]:
    if conversation_id is None:
        return 0, 2**62
    first, last = db.row("SELECT MIN(position), MAX(position) FROM messages WHERE conversation_id = ?", (conversation_id,)) or (
        0,
        0,
    )
    return first or 0, last or 0


def _expression(wanted: Iterable[Phrase]) -> str:
    """Return the phrases in FTS5's language. Words are letters and digits alone, so the quotes need no escape."""
    return " ".join(f'"{" ".join(each.words)}"{"*" if each.prefix else ""}' for each in wanted)


def _from_messages(db: Database, wanted: tuple[Phrase, ...], conversation_id: str | None) -> Iterator[tuple[Any, ...]]:
    rows = db.execute(
        f"SELECT {_FOUND} FROM messages m WHERE NOT m.deleted AND m.status <> 'streaming' "
        "AND (?1 IS NULL OR m.conversation_id = ?1) ORDER BY m.position DESC",
        (conversation_id,),
    )
    return (row for row in rows if matches(shown_text(row[3]), wanted))


def _hits(db: Database, wanted: tuple[Phrase, ...], rows: list[tuple[Any, ...]]) -> list[SearchHit]:
    ids = list({row[0] for row in rows})
    conversations = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        for row in db.rows(f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE id IN ({marks})", some):
            conversations[row[0]] = conversation_from_row(row)
    snippet = snippets(wanted)
    return [
        SearchHit(conversations[conversation], message, role, snippet(shown_text(parts)), created)
        for conversation, message, role, parts, created in rows
    ]
