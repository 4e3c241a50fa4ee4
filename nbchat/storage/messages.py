"""Messages in SQL: reading a conversation's tree, adding nodes, growing and folding a running answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import Message, Part
from nbchat.storage.codec import MESSAGE_COLUMNS, dump_parts, load_parts, message_from_row, message_row
from nbchat.storage.database import Database
from nbchat.storage.owner import is_dead
from nbchat.storage.pieces import fold

__all__ = ["ENDED_EARLY", "add", "add_piece", "finish", "messages", "partial"]

ENDED_EARLY = ErrorInfo(
    "interrupted",
    "The kernel that received this answer ended before the answer did.",
    "What had arrived was kept. Ask again for a whole answer.",
)


def messages(db: Database, conversation_id: str, now: float) -> list[Message]:
    """Return the tree in order of creation; running answers with what they have so far, those of dead owners as
    interrupted."""
    with db.snapshot():
        rows = db.rows(
            f"SELECT {MESSAGE_COLUMNS}, position FROM messages WHERE conversation_id = ? ORDER BY position", (conversation_id,)
        )
        found = [message_from_row(row) for row in rows]
        for index, row in enumerate(rows):
            if row[4] == "streaming":
                found[index] = _running(db, found[index], row[-1], now)
    return found


def _running(db: Database, message: Message, position: int, now: float) -> Message:
    message = message.with_parts(partial(db, position, message.parts))
    turn = db.row("SELECT owner, lease FROM turns WHERE assistant_message = ? AND ended IS NULL", (message.id,))
    if turn is not None and not is_dead(turn[0], turn[1], now):
        return message
    return replace(message, status="interrupted", error=ENDED_EARLY)


def partial(db: Database, position: int, start: tuple[Part, ...] = ()) -> tuple[Part, ...]:
    """Return what a running answer has so far: the parts it began with, and its pieces."""
    pieces = db.rows("SELECT parts FROM message_pieces WHERE position = ? ORDER BY number", (position,))
    return fold([start, *(load_parts(parts) for (parts,) in pieces)])


def add(db: Database, conversation_id: str, generation: int, given: Iterable[Message]) -> None:
    """Add nodes within the caller's transaction; one that is there already (a question asked again) stays as it is."""
    for message in given:
        db.execute(
            f"INSERT INTO messages ({MESSAGE_COLUMNS}, conversation_id, generation) VALUES ({', '.join('?' * 13)}) "
            "ON CONFLICT (id) DO NOTHING",
            (*message_row(message), conversation_id, generation),
        )


def add_piece(db: Database, turn_id: str, parts: Sequence[Part]) -> None:
    """Append a piece to a running turn's answer within the caller's transaction; nothing when the turn has ended."""
    db.execute(
        "INSERT INTO message_pieces (position, number, parts) "
        "SELECT m.position, 1 + COALESCE((SELECT MAX(p.number) FROM message_pieces p WHERE p.position = m.position), 0), ? "
        "FROM turns t JOIN messages m ON m.id = t.assistant_message WHERE t.id = ? AND t.ended IS NULL",
        (dump_parts(parts), turn_id),
    )


def finish(db: Database, message: Message) -> None:
    """Give an answer its final form and drop its pieces, within the caller's transaction."""
    _, _, _, parts, status, reason, model, _, usage, cost, error = message_row(message)
    db.execute(
        "UPDATE messages SET parts = ?, status = ?, finish_reason = ?, model = ?, usage = ?, cost = ?, error = ? WHERE id = ?",
        (parts, status, reason, model, usage, cost, error, message.id),
    )
    db.execute("DELETE FROM message_pieces WHERE position = (SELECT position FROM messages WHERE id = ?)", (message.id,))
