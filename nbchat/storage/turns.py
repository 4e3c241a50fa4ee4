"""Turns in SQL: begin once, checkpoint, end once, keep the lease, and find the dead.

Owns the rules that keep a history honest: a request id begins at most one turn, at most one turn runs in a conversation (over
all processes), and the first end of a turn wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nbchat.core.cost import UNKNOWN_COST
from nbchat.core.errors import BusyError, UsageError
from nbchat.core.messages import Message, Part
from nbchat.core.models import split_model
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import Usage
from nbchat.machine.owner import LEASE_SECONDS, is_dead, this_process
from nbchat.sessions.ports import Standing, TurnRecord
from nbchat.storage import ledger, messages
from nbchat.storage.codec import MESSAGE_COLUMNS, message_from_row
from nbchat.storage.conversations import gone
from nbchat.storage.database import Database

__all__ = ["begin", "checkpoint", "end", "heartbeat", "interrupt", "of_cell", "recover", "standing"]

_COLUMNS = "id, conversation_id, user_message, assistant_message, request_id, cell, owner, generation, started, asked"


def begin(db: Database, turn: TurnRecord, given: Sequence[Message], now: float) -> TurnRecord:
    """Save the turn with its messages and move the head to the answer; a known request id returns its turn instead.

    An answer that is there already is gone on with. A turn that brings a generation was begun before, while the file was in
    trouble: it keeps that where it is free, and runs whoever else does. Raises UsageError when the conversation is gone, or
    another turn is writing on the answer, BusyError while another turn runs in the conversation, or where one has begun that
    this one was not to come behind.
    """
    with db.transaction():
        known = db.row(f"SELECT {_COLUMNS} FROM turns WHERE request_id = ?", (turn.request_id,))
        if known is not None:
            return TurnRecord(*known)
        row = db.row("SELECT generation FROM conversations WHERE id = ?", (turn.conversation,))
        if row is None:
            raise gone()
        _make_room(db, turn, now)
        if turn.after is not None and turn.after != row[0] and not turn.generation:
            raise BusyError("another question was asked in this conversation meanwhile.", hint="Ask again.")
        generation = _free_generation(db, turn, row[0])
        begun = replace(turn, owner=str(this_process()), generation=generation, started=turn.started or now, after=None)
        db.execute(
            "UPDATE conversations SET generation = MAX(generation, ?), head = ?, updated = ? WHERE id = ?",
            (generation, turn.assistant_message, now, turn.conversation),
        )
        for message in messages.add(db, turn.conversation, generation, given):
            if message.id == turn.assistant_message:
                messages.stream_again(db, generation, message)
        db.execute(
            f"INSERT INTO turns ({_COLUMNS}, lease) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                begun.id, begun.conversation, begun.user_message, begun.assistant_message, begun.request_id, begun.cell,
                begun.owner, begun.generation, begun.started, begun.asked, now + LEASE_SECONDS,
            ),
        )  # fmt: skip
    return begun


def _make_room(db: Database, turn: TurnRecord, now: float) -> None:
    """End the dead turns of the conversation; raises BusyError while a living one runs there."""
    rows = db.rows("SELECT id, assistant_message, owner, lease FROM turns WHERE conversation_id = ? AND ended IS NULL",
        (turn.conversation,),
    )  # fmt: skip
    for turn_id, answer, owner, lease in rows:
        if is_dead(owner, lease, now):
            interrupt(db, [turn_id], now)
        elif not turn.generation:
            raise BusyError("another answer is being written in this conversation.", hint="Stop it first, or wait for its end.")
        elif answer == turn.assistant_message:
            raise UsageError("this answer is still being written.", hint="Stop it first, or wait for its end.")


def standing(db: Database, conversation_id: str, now: float) -> Standing:
    """Return the turn that a living process runs in the conversation, the next generation, and SQLite's own sign that another
    connection has written."""
    with db.snapshot():
        rows = db.rows(
            f"SELECT {_COLUMNS}, lease FROM turns WHERE conversation_id = ? AND ended IS NULL ORDER BY generation DESC",
            (conversation_id,),
        )
        found = db.row("SELECT generation FROM conversations WHERE id = ?", (conversation_id,))
    living = next((TurnRecord(*row[:-1]) for row in rows if not is_dead(row[6], row[-1], now)), None)
    (changes,) = db.row("PRAGMA data_version") or (0,)
    return Standing(living, 1 + (found[0] if found is not None else 0), (id(db), changes))


def _free_generation(db: Database, turn: TurnRecord, last: int) -> int:
    if turn.generation > 0:
        used = db.row("SELECT 1 FROM turns WHERE conversation_id = ? AND generation = ?", (turn.conversation, turn.generation))
        if used is None:
            return turn.generation
    return last + 1


def checkpoint(db: Database, pieces: Sequence[tuple[str, Sequence[Part]]]) -> None:
    """Append to the answers of turns (ids) what came since their last checkpoints. It survives the process's death, not
    necessarily a power cut."""
    messages.add_pieces(db, pieces)


def end(db: Database, turn: TurnRecord, message: Message, records: Iterable[RequestRecord], now: float) -> bool:
    """Save the final answer; False, and the answer stays as it is, when the turn had ended already (or was deleted).

    The requests are settled either way: they were made and may cost money, and a ledger row is written once per id.
    """
    with db.transaction():
        for record in records:
            ledger.append(db, record)
        won = _mark_ended(db, turn.id, now)
        if won:
            messages.finish(db, message)
            db.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now, turn.conversation))
    return won


def _mark_ended(db: Database, turn_id: str, now: float) -> bool:
    return db.execute("UPDATE turns SET ended = ? WHERE id = ? AND ended IS NULL", (now, turn_id)).rowcount == 1


def of_cell(db: Database, conversation_id: str | None, cell: str | None) -> TurnRecord | None:
    """Return the newest turn that this cell asked (None: any cell) in this conversation (None: in any).

    A notebook that was renamed, and its conversation with it, finds what its cells asked under the old name.
    """
    if cell is None:
        return _newest(db, conversation_id, "cell IS NOT NULL")
    found, notebook = _newest(db, conversation_id, "cell = ?", cell), _notebook_of(cell)
    own = "SELECT 1 FROM conversations WHERE id = ? AND name = ?"
    if found is None and notebook and conversation_id and db.row(own, (conversation_id, notebook)) is not None:
        place = cell[len(notebook) :]
        found = _newest(db, conversation_id, "substr(cell, -?) = ?", len(place), place)
    return found


def _newest(db: Database, conversation_id: str | None, which: str, *values: str | int) -> TurnRecord | None:
    where, order = ("conversation_id = ?", "generation") if conversation_id else ("? IS NULL", "started")
    query = f"SELECT {_COLUMNS} FROM turns WHERE {where} AND {which} ORDER BY {order} DESC LIMIT 1"
    row = db.row(query, (conversation_id, *values))
    return None if row is None else TurnRecord(*row)


def heartbeat(db: Database, now: float) -> None:
    """Renew the lease of this process's running turns."""
    with db.transaction(durable=False):
        db.execute("UPDATE turns SET lease = ? WHERE owner = ? AND ended IS NULL", (now + LEASE_SECONDS, str(this_process())))


def recover(db: Database, conversation_id: str | None, now: float) -> list[str]:
    """End the turns of dead owners as interrupted; returns the ids of their answers."""
    # Read first: usually nothing is dead, and then no lock is taken.
    if not _dead(db, conversation_id, now):
        return []
    with db.transaction():
        return interrupt(db, _dead(db, conversation_id, now), now)


def _dead(db: Database, conversation_id: str | None, now: float) -> list[str]:
    rows = db.rows(
        "SELECT id, owner, lease FROM turns WHERE ended IS NULL AND (?1 IS NULL OR conversation_id = ?1)", (conversation_id,)
    )
    return [turn for turn, owner, lease in rows if is_dead(owner, lease, now)]


def interrupt(db: Database, turn_ids: Iterable[str], now: float) -> list[str]:
    """End these turns as interrupted with what they have, within the caller's transaction; returns their answers' ids.

    Nobody can say any more what their requests used, so each gets a ledger row that says "unknown": a sum that holds
    it is shown as "at least".
    """
    ended = []
    for turn_id in turn_ids:
        row = db.row(f"SELECT {_COLUMNS} FROM turns WHERE id = ?", (turn_id,))
        if row is None or not _mark_ended(db, turn_id, now):
            continue
        turn = TurnRecord(*row)
        found = db.row(f"SELECT {MESSAGE_COLUMNS}, position FROM messages WHERE id = ?", (turn.assistant_message,))
        if found is None:
            continue
        answer = message_from_row(found)
        usage, cost = ledger.of_interrupted(db, turn.conversation, answer.id)
        unsettled = _unsettled(db, turn, answer, now)
        if not ledger.append(db, unsettled):  # a turn with tools had settled its first request: a later one ran
            ledger.append(db, replace(unsettled, id=f"{turn.request_id}-interrupted", purpose="tool-round"))
        parts = messages.partial(db, found[-1], answer.parts)
        kept = replace(answer, parts=parts, usage=usage, cost=cost)
        messages.finish(db, replace(kept, status="interrupted", error=messages.ENDED_EARLY))
        ended.append(answer.id)
    return ended


def _unsettled(db: Database, turn: TurnRecord, answer: Message, now: float) -> RequestRecord:
    row = db.row("SELECT name, provider, model FROM conversations WHERE id = ?", (turn.conversation,))
    name, provider, model = row or ("", "", "")
    if answer.model:
        provider, model = split_model(answer.model)
    return RequestRecord(
        id=turn.request_id,
        conversation=turn.conversation,
        conversation_name=name,
        turn=turn.id,
        message=answer.id,
        purpose="continuation" if answer.parts else "answer",
        provider=provider,
        model=model,
        status="interrupted",
        started=turn.started,
        ended=now,
        usage=Usage(certainty="unknown"),
        cost=UNKNOWN_COST,
        notebook=_notebook_of(turn.cell),
    )


def _notebook_of(cell: str | None) -> str:
    """The notebook in a cell's key, which is "notebook#cell#ordinal"; a turn that no cell asked does not tell its own."""
    parts = (cell or "").rsplit("#", 2)
    return parts[0] if len(parts) == 3 else ""
