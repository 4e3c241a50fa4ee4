"""The full-text index over messages (FTS5), kept up by the database's triggers and by code, each doing what it does best.

Triggers note in `unindexed` which messages changed, with the parts that the index has of them: they cost next to nothing,
miss no writer (an older nbchat on the same file, a cascade) and need no FTS5. The text is made here, some hundred messages
a transaction, before a search: a migrated history is indexed without keeping anybody waiting for the lock, and a database
that comes back from a Python without FTS5 catches up by itself.

The index is contentless: it holds words, no second copy of what was said. So a message is taken out by the text that was
put in, which is why `unindexed` keeps the old parts, and why a change of `index_text` or of `_text` needs a migration
that drops `message_index` and notes all messages as new.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from nbchat.storage.trouble import cannot_write, is_busy
from nbchat.storage.words import index_text

if TYPE_CHECKING:
    from nbchat.storage.database import Database

__all__ = ["Progress", "catch_up", "forget", "is_missing", "shown_text"]

_BATCH = 200
_decode = json.JSONDecoder().decode
_CREATE = "CREATE VIRTUAL TABLE IF NOT EXISTS message_index USING fts5(text, content='', tokenize='ascii', prefix='2 3')"
"""The prefixes are for people who type: without them a search for two letters takes 80 ms at 100,000 messages."""
_REMOVE = "INSERT INTO message_index (message_index, rowid, text) VALUES ('delete', ?, ?)"


Progress = Literal["more", "done", "impossible"]


def is_missing(error: BaseException) -> bool:
    """Whether the error says that there is no index: not made yet, or this Python's SQLite was built without FTS5."""
    text = str(error)
    return "no such module" in text or "no such table: message_index" in text


def shown_text(parts: str) -> str:
    """Return what people can search for in a message's parts (JSON): its text, not its reasoning, tools and images."""
    return "\n".join(part["text"] for part in _decode(parts) if part["type"] == "text")


def catch_up(db: Database, limit: int = _BATCH) -> Progress:
    """Index some of what changed since the last time, in a transaction of its own. "impossible" when there is no FTS5, or
    the database cannot be written now. A message that is being written is left out until it ends (which is a change)."""
    if db.row("SELECT 1 FROM unindexed LIMIT 1") is None:  # read first: usually nothing changed, and no lock is taken
        return "done"
    try:
        with db.transaction(durable=False):
            return _index_some(db, limit)
    except Exception as error:
        if is_missing(error) or is_busy(error) or cannot_write(error):
            return "impossible"
        raise


def _index_some(db: Database, limit: int) -> Progress:
    db.execute(_CREATE)
    rows = db.rows(
        "SELECT u.position, u.parts, m.parts FROM unindexed u "
        "LEFT JOIN messages m ON m.position = u.position AND m.status <> 'streaming' ORDER BY u.position LIMIT ?",
        (limit,),
    )
    for position, old, new in rows:
        if old is not None:
            db.execute(_REMOVE, (position, index_text(shown_text(old))))
        if new is not None:
            db.execute("INSERT INTO message_index (rowid, text) VALUES (?, ?)", (position, index_text(shown_text(new))))
        db.execute("DELETE FROM unindexed WHERE position = ?", (position,))
    return "more" if len(rows) == limit else "done"


def forget(db: Database) -> None:
    """Take out messages that are gone, within the caller's transaction, so that nothing of what they said is kept.

    Without FTS5 the notes stay, for a Python that has it.
    """
    gone = "SELECT position, parts FROM unindexed u WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.position = u.position)"
    for position, old in db.rows(gone):
        if old is not None:
            try:
                db.execute(_REMOVE, (position, index_text(shown_text(old))))
            except Exception as error:
                if is_missing(error):
                    return
                raise
        db.execute("DELETE FROM unindexed WHERE position = ?", (position,))
