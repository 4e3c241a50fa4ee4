"""Entries: the rows of logs. A log is its position, a tail of entries as they were written, and before it their text, joined.

Joining is done in levels: some tail rows become one row of level 1, sixteen of these one of level 2, and so on. So each text is
written again once a level, a log of n entries has some log(n) rows before its tail, and what an append costs does not grow with
the answer. All functions run on the backend's thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nbchat.core.events import Event, TurnEnd, TurnError
from nbchat.sessions.ports import EventLogEntry, LogGapError, ResumeState
from nbchat.streams.codec import dump_events, joined, load_events
from nbchat.streams.folding import Folded
from nbchat.streams.rules import ended, older
from nbchat.streams.sqlite.file import StreamsFile

__all__ = ["append", "drop", "position", "read", "resume_state", "rewrite"]

MAX_ENTRIES = 512
MAX_CHARACTERS = 256_000
"""How much of a log is kept as it came: what a reader may be behind before it is sent the text instead."""
_SLACK = 64
"""How many entries above that are joined at a time."""
_FAN = 16
"""How many rows of a level become one of the next."""


def append(
    file: StreamsFile, user: str, stream_id: str, generation: int, events: Sequence[Event], after: int | None, seq: int | None
) -> int:
    """Append one batch and return its seq; within a transaction, as `EventTransport.append` says."""
    log = _find(file, user, stream_id)
    if log is not None and seq is not None and log.generation == generation and log.seq >= seq:
        return seq  # tried again
    if log is not None and generation < log.generation:
        raise older(generation, log.generation)
    if log is not None and log.generation == generation and log.ended:
        raise ended()
    here = 0 if log is None or log.generation != generation else log.seq
    if after is not None and after != here:
        raise LogGapError(here)
    if not events:
        return here
    if log is None or log.generation != generation:
        log = _begin(file, user, stream_id, generation)
    seq, text = here + 1 if seq is None else seq, dump_events(events)
    file.do("INSERT INTO entries VALUES (?, ?, ?, 0, ?, ?)", log.id, seq, here, len(text), text)
    log.seq, log.entries, log.size, log.ended = seq, log.entries + 1, log.size + len(text), _ends(events)
    if log.entries > MAX_ENTRIES + _SLACK or (log.size > MAX_CHARACTERS * 5 // 4 and log.entries > 1):
        _shorten(file, log)
    _save(file, log)
    return seq


def rewrite(file: StreamsFile, user: str, stream_id: str, generation: int, events: Sequence[Event], seq: int) -> None:
    """Let the log hold what these events fold to, as of `seq`; within a transaction, as `EventTransport.rewrite` says."""
    log = _find(file, user, stream_id)
    if log is not None and generation < log.generation:
        raise older(generation, log.generation)
    if log is not None and log.generation == generation and log.seq >= seq:
        return
    log = _begin(file, user, stream_id, generation)
    text = dump_events(joined(events))
    file.do("INSERT INTO entries VALUES (?, ?, 0, 1, ?, ?)", log.id, seq, len(text), text)
    log.seq, log.ended = seq, _ends(events)
    _save(file, log)


def position(file: StreamsFile, user: str, stream_id: str) -> tuple[int, int] | None:
    """Return generation and seq of a log, None for an unknown one."""
    found: tuple[int, int] | None = file.row("SELECT generation, seq FROM logs WHERE user = ? AND stream_id = ?", user, stream_id)
    return found


def read(file: StreamsFile, user: str, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
    """Return the entries after a position; within a snapshot, as `EventTransport.read` says."""
    log = _find(file, user, stream_id)
    if log is None or log.generation != generation or after > log.seq:
        return None
    rows = file.rows("SELECT after, seq, level, events FROM entries WHERE log = ? AND seq > ? ORDER BY seq", log.id, after)
    if rows and (rows[0][0] != after or rows[0][2]):
        return None
    return [EventLogEntry(generation, before, seq, load_events(events)) for before, seq, _, events in rows]


def folded(file: StreamsFile, user: str, stream_id: str) -> tuple[Folded, int, int] | None:
    """Return what a log's events come to, its generation and its seq; within a snapshot. None for an unknown one."""
    log = _find(file, user, stream_id)
    if log is None:
        return None
    rows = file.rows("SELECT events FROM entries WHERE log = ? ORDER BY seq", log.id)
    return Folded(_events(rows)), log.generation, log.seq


def resume_state(file: StreamsFile, user: str, stream_id: str) -> ResumeState | None:
    """Return the folded content up to the last entry; within a snapshot."""
    found = folded(file, user, stream_id)
    return None if found is None else found[0].state(stream_id, *found[1:])


def drop(file: StreamsFile, user: str, stream_id: str) -> None:
    """Remove a log; within a transaction."""
    if (log := _find(file, user, stream_id)) is not None:
        file.do("DELETE FROM entries WHERE log = ?", log.id)
        file.do("DELETE FROM logs WHERE id = ?", log.id)


class _Log:
    """A log's row."""

    __slots__ = ("ended", "entries", "generation", "id", "seq", "size")

    def __init__(self, id: int, generation: int, seq: int, entries: int, size: int, ended: int) -> None:
        self.id = id
        self.generation = generation
        self.seq = seq
        self.entries = entries
        self.size = size
        self.ended = bool(ended)


def _find(file: StreamsFile, user: str, stream_id: str) -> _Log | None:
    row = file.row("SELECT id, generation, seq, entries, size, ended FROM logs WHERE user = ? AND stream_id = ?", user, stream_id)
    return None if row is None else _Log(*row)


def _begin(file: StreamsFile, user: str, stream_id: str, generation: int) -> _Log:
    drop(file, user, stream_id)
    insert = "INSERT INTO logs (user, stream_id, generation, active) VALUES (?, ?, ?, ?)"
    file.do(insert, user, stream_id, generation, file.now())
    found = _find(file, user, stream_id)
    assert found is not None
    return found


def _save(file: StreamsFile, log: _Log) -> None:
    file.do(
        "UPDATE logs SET seq = ?, entries = ?, size = ?, ended = ?, active = ? WHERE id = ?",
        log.seq, log.entries, log.size, log.ended, file.now(), log.id,
    )  # fmt: skip


def _ends(events: Sequence[Event]) -> bool:
    return any(isinstance(event, TurnEnd | TurnError) for event in events)


def _events(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for row in rows:
        yield from load_events(row[-1])


def _shorten(file: StreamsFile, log: _Log) -> None:
    """Join the oldest entries of the tail, so that it is within its bounds; the newest one stays, however large it is."""
    last = None
    for seq, size in file.rows("SELECT seq, size FROM entries WHERE log = ? AND level = 0 ORDER BY seq", log.id):
        if seq == log.seq or (log.entries <= MAX_ENTRIES and log.size <= MAX_CHARACTERS):
            break
        log.entries, log.size, last = log.entries - 1, log.size - size, seq
    if last is not None:
        _join(file, log, 0, last)
    level = 1
    while file.row("SELECT COUNT(*) FROM entries WHERE log = ? AND level = ?", log.id, level)[0] >= _FAN:
        _join(file, log, level, log.seq)
        level += 1


def _join(file: StreamsFile, log: _Log, level: int, last: int) -> None:
    """Make one row of the next level of all of this one, up to the position `last`."""
    which = "log = ? AND level = ? AND seq <= ?"
    rows = file.rows(f"SELECT after, seq, events FROM entries WHERE {which} ORDER BY seq", log.id, level, last)
    text = dump_events(joined(_events(rows)))
    file.do(f"DELETE FROM entries WHERE {which}", log.id, level, last)
    file.do("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", log.id, rows[-1][1], rows[0][0], level + 1, len(text), text)
