"""Messages in SQL: reading a conversation's tree, adding nodes, growing and folding a running answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import Message, Part
from nbchat.machine.owner import is_dead
from nbchat.storage import ledger
from nbchat.storage.codec import MESSAGE_COLUMNS, dump_parts, load_parts, message_from_row, message_row
from nbchat.storage.database import Database
from nbchat.storage.pieces import fold

__all__ = ["ENDED_EARLY", "add", "add_pieces", "finish", "mark", "messages", "partial", "settled", "stream_again"]

_ADD_PIECE = (
    "INSERT INTO message_pieces (position, number, parts) "
    "SELECT m.position, 1 + COALESCE((SELECT MAX(p.number) FROM message_pieces p WHERE p.position = m.position), 0), ? "
    "FROM turns t JOIN messages m ON m.id = t.assistant_message WHERE t.id = ? AND t.ended IS NULL"
)
_MARKS = ", ".join("?" * len(MESSAGE_COLUMNS.split(",")))

ENDED_EARLY = ErrorInfo(
    "interrupted",
    "The kernel that received this answer ended before the answer did.",
    "What had arrived was kept. Resume goes on with it.",
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
                found[index] = _running(db, conversation_id, found[index], row[-1], now)
    return found


def _running(db: Database, conversation_id: str, message: Message, position: int, now: float) -> Message:
    message = message.with_parts(partial(db, position, message.parts))
    turn = db.row("SELECT owner, lease FROM turns WHERE assistant_message = ? AND ended IS NULL", (message.id,))
    if turn is not None and not is_dead(turn[0], turn[1], now):
        return message
    usage, cost = ledger.of_interrupted(db, conversation_id, message.id)
    return settled(replace(message, usage=usage, cost=cost))


def partial(db: Database, position: int, start: tuple[Part, ...] = ()) -> tuple[Part, ...]:
    """Return what a running answer has so far: the parts it began with, and its pieces."""
    pieces = db.rows("SELECT parts FROM message_pieces WHERE position = ? ORDER BY number", (position,))
    return fold([start, *(load_parts(parts) for (parts,) in pieces)])


def add(db: Database, conversation_id: str, generation: int, given: Iterable[Message]) -> list[Message]:
    """Add nodes within the caller's transaction; one that is there already (a question asked again) stays as it is.
    Returns those that were there."""
    known = []
    for message in given:
        inserted = db.execute(
            f"INSERT INTO messages ({MESSAGE_COLUMNS}, conversation_id, generation) VALUES ({_MARKS}, ?, ?) "
            "ON CONFLICT (id) DO NOTHING",
            (*message_row(message), conversation_id, generation),
        )
        if not inserted.rowcount:
            known.append(message)
    return known


def stream_again(db: Database, generation: int, answer: Message) -> None:
    """Let a turn go on with an answer that is there, from the parts that it has, within the caller's transaction."""
    db.execute(
        "UPDATE messages SET parts = ?, status = 'streaming', finish_reason = NULL, error = NULL, "
        "model = COALESCE(?, model), generation = ? WHERE id = ?",
        (dump_parts(answer.parts), answer.model, generation, answer.id),
    )


def mark(db: Database, conversation_id: str, message_ids: Iterable[str], hidden: bool | None, deleted: bool | None) -> None:
    """Set or take away marks; None leaves one as it is."""
    with db.transaction():
        for message_id in message_ids:
            db.execute(
                "UPDATE messages SET hidden = COALESCE(?, hidden), deleted = COALESCE(?, deleted) "
                "WHERE id = ? AND conversation_id = ?",
                (hidden, deleted, message_id, conversation_id),
            )


def settled(message: Message) -> Message:
    """Return a message that no turn writes on: one that is said to be streaming was left so."""
    return replace(message, status="interrupted", error=ENDED_EARLY) if message.status == "streaming" else message


def add_pieces(db: Database, pieces: Sequence[tuple[str, Sequence[Part]]]) -> None:
    """Append pieces to the answers of running turns (ids), in a transaction of its own; nothing where a turn has ended."""
    rows = [(dump_parts(parts), turn_id) for turn_id, parts in pieces]
    if len(rows) == 1:
        db.append(_ADD_PIECE, rows[0])
        return
    with db.transaction(durable=False):
        for row in rows:
            db.execute(_ADD_PIECE, row)


def finish(db: Database, message: Message) -> None:
    """Give an answer its final form and drop its pieces, within the caller's transaction. Its marks stay as they are."""
    _, _, _, parts, status, reason, model, _, usage, cost, error, parameters, first, seconds, _, _, omitted = message_row(message)
    db.execute(
        "UPDATE messages SET parts = ?, status = ?, finish_reason = ?, model = ?, usage = ?, cost = ?, error = ?, "
        "parameters = ?, first_token_seconds = ?, seconds = ?, omitted = ? WHERE id = ?",
        (parts, status, reason, model, usage, cost, error, parameters, first, seconds, omitted, message.id),
    )
    db.execute("DELETE FROM message_pieces WHERE position = (SELECT position FROM messages WHERE id = ?)", (message.id,))
