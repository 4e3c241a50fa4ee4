"""Purge: what goes for good. Steps of limited size, one transaction each, so that others can write in between.

The file does not shrink: SQLite uses the freed pages for what comes next. A VACUUM would copy the whole database under its
lock, while the answers of every notebook wait.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nbchat.machine.owner import is_dead
from nbchat.storage import index
from nbchat.storage.database import Database

__all__ = ["conversations", "messages"]

_STEP = 100


def conversations(db: Database, before: float, archived: bool | None, keep: Collection[str], now: float) -> int:
    """Remove some conversations that were last updated before then, none of which is to be kept, or has a running turn; returns
    how many."""
    with db.transaction():
        turns = db.rows("SELECT conversation_id, owner, lease FROM turns WHERE ended IS NULL")
        running = sorted({*keep, *(each for each, owner, lease in turns if not is_dead(owner, lease, now))})
        found = db.rows(
            "SELECT id FROM conversations WHERE updated < ? AND archived = COALESCE(?, archived) "
            f"AND id NOT IN ({', '.join('?' * len(running))}) LIMIT {_STEP}",
            (before, archived, *running),
        )
        for row in found:
            db.execute("DELETE FROM conversations WHERE id = ?", row)
        index.forget(db)
    return len(found)


def messages(db: Database, keep: Collection[str]) -> None:
    """Remove the messages that are deleted, but for those of conversations in `keep`. Their children follow their parents, and
    so does a head."""
    touched = db.rows("SELECT DISTINCT conversation_id FROM messages WHERE deleted")
    for (conversation_id,) in touched:
        if conversation_id in keep:
            continue
        with db.transaction():
            _messages_of(db, conversation_id)
            index.forget(db)


def _messages_of(db: Database, conversation_id: str) -> None:
    rows = db.rows(
        "SELECT id, parent_id, deleted AND status <> 'streaming' FROM messages WHERE conversation_id = ?", (conversation_id,)
    )
    gone = {message: parent for message, parent, deleted in rows if deleted}
    for message, parent, _ in rows:
        if message not in gone and parent in gone:
            db.execute("UPDATE messages SET parent_id = ? WHERE id = ?", (_survivor(parent, gone), message))
    (head,) = db.row("SELECT head FROM conversations WHERE id = ?", (conversation_id,)) or (None,)
    if head in gone:
        db.execute("UPDATE conversations SET head = ? WHERE id = ?", (_survivor(head, gone), conversation_id))
    for message in gone:
        db.execute("DELETE FROM messages WHERE id = ?", (message,))
        # The request is still known by its id; its cell has nothing to show any more.
        db.execute(
            "UPDATE turns SET cell = NULL WHERE conversation_id = ?1 AND (assistant_message = ?2 OR user_message = ?2)",
            (conversation_id, message),
        )


def _survivor(message: str | None, gone: Mapping[str, str | None]) -> str | None:
    for _ in gone:  # no longer than the longest chain: parents come from files, too, and may go in a circle
        if message is None or message not in gone:
            break
        message = gone[message]
    return message
