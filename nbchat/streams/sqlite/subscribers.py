"""Subscribers: who reads a log, in all kernels. A row per log and kernel says how many; functions run on the backend's thread."""

from __future__ import annotations

from nbchat.machine.owner import is_dead, this_process
from nbchat.sessions.ports.streams import LEASE_SECONDS
from nbchat.streams.sqlite.file import StreamsFile

__all__ = ["clear_dead", "count", "count_ours", "emptied", "forget", "is_first", "leave", "renew"]

_ONE = "user = ? AND stream_id = ?"


def count_ours(file: StreamsFile, user: str, stream_id: str, kernel: str, number: int, made: int) -> None:
    """Let this kernel have so many readers of a log, of which `made` are new. If they were the last of all, that is noted."""
    now, which = file.now(), (user, stream_id, kernel)
    with file.transaction():
        known = file.row(f"SELECT open FROM subscriptions WHERE {_ONE} AND kernel = ?", *which)
        before = 0 if known is None else known[0]
        if not file.do(f"UPDATE readers SET made = made + ?, active = ? WHERE {_ONE}", made, now, user, stream_id):
            file.do("INSERT INTO readers (user, stream_id, made, active) VALUES (?, ?, ?, ?)", user, stream_id, made, now)
        file.do(f"DELETE FROM subscriptions WHERE {_ONE} AND kernel = ?", *which)
        if number:
            file.do("INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?)", *which, str(this_process()), number, now)
        elif before or made:
            _note_empty(file, user, stream_id)


def leave(file: StreamsFile, user: str, kernel: str) -> None:
    """Forget all readers of this kernel: it is closed."""
    with file.transaction():
        mine = file.rows("SELECT stream_id FROM subscriptions WHERE user = ? AND kernel = ?", user, kernel)
        file.do("DELETE FROM subscriptions WHERE user = ? AND kernel = ?", user, kernel)
        for (stream_id,) in mine:
            _note_empty(file, user, stream_id)


def _note_empty(file: StreamsFile, user: str, stream_id: str) -> None:
    if count(file, user, stream_id) == 0:
        file.do(f"UPDATE readers SET emptied = emptied + 1, active = ? WHERE {_ONE}", file.now(), user, stream_id)


def count(file: StreamsFile, user: str, stream_id: str) -> int:
    """Return how many readers a log has, those of dead kernels left out."""
    rows = file.rows(f"SELECT owner, renewed, open FROM subscriptions WHERE {_ONE}", user, stream_id)
    return sum(number for owner, renewed, number in rows if not is_dead(owner, LEASE_SECONDS, file.now() - renewed))


def is_first(file: StreamsFile, user: str, stream_id: str) -> bool:
    """Say whether a log had exactly one reader so far."""
    row = file.row(f"SELECT made FROM readers WHERE {_ONE}", user, stream_id)
    return row is not None and row[0] == 1


def emptied(file: StreamsFile, user: str, stream_id: str) -> int:
    """Return how often the last reader of a log left."""
    row = file.row(f"SELECT emptied FROM readers WHERE {_ONE}", user, stream_id)
    return 0 if row is None else int(row[0])


def renew(file: StreamsFile, user: str, kernel: str) -> None:
    """Show that this kernel's readers live: to kernels that cannot look at its process."""
    with file.transaction():
        file.do("UPDATE subscriptions SET renewed = ? WHERE user = ? AND kernel = ?", file.now(), user, kernel)


def clear_dead(file: StreamsFile, user: str, stream_id: str) -> None:
    """Remove the readers of dead kernels; the last of all may have been one of them."""
    rows = file.rows(f"SELECT kernel, owner, renewed FROM subscriptions WHERE {_ONE}", user, stream_id)
    dead = [kernel for kernel, owner, renewed in rows if is_dead(owner, LEASE_SECONDS, file.now() - renewed)]
    if dead:
        with file.transaction():
            gone = [file.do(f"DELETE FROM subscriptions WHERE {_ONE} AND kernel = ?", user, stream_id, kernel) for kernel in dead]
            if any(gone):  # else another kernel was faster
                _note_empty(file, user, stream_id)


def forget(file: StreamsFile, user: str, stream_id: str) -> None:
    """Forget who reads a log; within a transaction."""
    file.do(f"DELETE FROM subscriptions WHERE {_ONE}", user, stream_id)
    file.do(f"DELETE FROM readers WHERE {_ONE}", user, stream_id)
