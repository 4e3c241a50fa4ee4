"""Job rows: what is done with the table of jobs. On the backend's thread; what writes runs within a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nbchat.machine.owner import is_dead
from nbchat.sessions.ports import Job, StreamsError
from nbchat.sessions.ports.streams import INACTIVE_SECONDS, KEEP_SECONDS, LEASE_SECONDS, MAX_JOBS
from nbchat.streams.codec import dump_job, load_job
from nbchat.streams.folding import SILENT, Folded
from nbchat.streams.sqlite import entries, subscribers
from nbchat.streams.sqlite.file import StreamsFile

__all__ = [
    "add", "change", "changed_since", "drop", "get", "last_change", "newest", "request_stop", "running", "sweep",
]  # fmt: skip

_ONE = "user = ? AND stream_id = ?"
_RUNNING = "user = ? AND status = 'running'"


def _job(file: StreamsFile, body: str, renewed: float) -> Job:
    job = load_job(body)
    if job.status == "running" and is_dead(job.owner, LEASE_SECONDS, file.now() - renewed):
        return replace(job, interrupted=True)
    return job


def get(file: StreamsFile, user: str, stream_id: str) -> Job | None:
    """Return a job."""
    row = file.row(f"SELECT body, renewed FROM jobs WHERE {_ONE}", user, stream_id)
    return None if row is None else _job(file, *row)


def newest(file: StreamsFile, user: str, conversation_id: str) -> Job | None:
    """Return the newest running job of a conversation."""
    sql = f"SELECT body, renewed FROM jobs WHERE {_RUNNING} AND conversation_id = ? ORDER BY position DESC LIMIT 1"
    row = file.row(sql, user, conversation_id)
    return None if row is None else _job(file, *row)


def running(file: StreamsFile, user: str) -> list[Job]:
    """Return the running jobs, oldest first; without those of versions that this one does not understand."""
    rows = file.rows(f"SELECT body, renewed FROM jobs WHERE {_RUNNING} ORDER BY position", user)
    return [job for row in rows if (job := _understood(file, *row)) is not None]


def _understood(file: StreamsFile, body: str, renewed: float) -> Job | None:
    try:
        return _job(file, body, renewed)
    except StreamsError:
        return None


def add(file: StreamsFile, user: str, job: Job) -> None:
    """Add a job."""
    now = file.now()
    file.do(
        "INSERT INTO jobs (user, stream_id, conversation_id, generation, status, active, renewed, changed, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        user, job.stream_id, job.conversation_id, job.generation, job.status, now, now, _next_change(file), dump_job(job),
    )  # fmt: skip


def change(file: StreamsFile, user: str, job: Job, changes: dict[str, Any]) -> Job:
    """Change a running job, and return it."""
    job, now = replace(job, interrupted=False, **changes), file.now()
    _save(file, user, job, told=job.status != "running")
    file.do(f"UPDATE jobs SET active = ?, renewed = ? WHERE {_ONE}", now, now, user, job.stream_id)
    return job


def request_stop(file: StreamsFile, user: str, job: Job) -> None:
    """Note that somebody wants a running job stopped."""
    if not job.stop_requested:
        _save(file, user, replace(job, stop_requested=True), told=True)


def _save(file: StreamsFile, user: str, job: Job, *, told: bool) -> None:
    file.do(
        f"UPDATE jobs SET status = ?, conversation_id = ?, body = ? WHERE {_ONE}",
        job.status, job.conversation_id, dump_job(job), user, job.stream_id,
    )  # fmt: skip
    if told:
        file.do(f"UPDATE jobs SET changed = ? WHERE {_ONE}", _next_change(file), user, job.stream_id)


def _next_change(file: StreamsFile) -> int:
    file.do("UPDATE counters SET value = value + 1 WHERE name = 'changes'")
    return last_change(file)


def last_change(file: StreamsFile) -> int:
    """Return the count of changes that watchers are told of."""
    return int(file.row("SELECT value FROM counters WHERE name = 'changes'")[0])


def changed_since(file: StreamsFile, user: str, number: int) -> Iterator[tuple[int, Job | None]]:
    """Yield the jobs that changed after that count, with theirs, in their order; None for one that is not understood."""
    sql = "SELECT changed, body, renewed FROM jobs WHERE user = ? AND changed > ? ORDER BY changed"
    for changed, *row in file.rows(sql, user, number):
        yield changed, _understood(file, *row)


def drop(file: StreamsFile, user: str, stream_id: str) -> None:
    """Remove a job with its log and the count of its readers."""
    file.do(f"DELETE FROM jobs WHERE {_ONE}", user, stream_id)
    entries.drop(file, user, stream_id)
    subscribers.forget(file, user, stream_id)


def sweep(file: StreamsFile, user: str, completed_at: float) -> int:
    """End what was silent for too long, drop what is old or too much; returns how many jobs."""
    silent, old = file.now() - INACTIVE_SECONDS, file.now() - KEEP_SECONDS
    grows = "SELECT stream_id FROM logs WHERE user = ? AND active > ?"
    quiet = f"SELECT stream_id, body FROM jobs WHERE {_RUNNING} AND active <= ? AND stream_id NOT IN ({grows})"
    given_up = file.rows(quiet, user, silent, user, silent)
    for stream_id, body in given_up:
        try:
            _give_up(file, user, load_job(body), completed_at)
        except StreamsError:  # of a version that is not understood
            drop(file, user, stream_id)
    gone = file.rows("SELECT stream_id FROM jobs WHERE user = ? AND status != 'running' AND active <= ?", user, old)
    surplus = file.row("SELECT COUNT(*) FROM jobs WHERE user = ?", user)[0] - len(gone) - MAX_JOBS
    if surplus > 0:
        ended = "user = ? AND status != 'running' AND active > ?"
        gone += file.rows(f"SELECT stream_id FROM jobs WHERE {ended} ORDER BY active, position LIMIT ?", user, old, surplus)
    for (stream_id,) in gone:
        drop(file, user, stream_id)
    _drop_orphans(file, user, silent)
    return len(given_up) + len(gone)


def _give_up(file: StreamsFile, user: str, job: Job, completed_at: float) -> None:
    found = entries.folded(file, user, job.stream_id)
    ours = found is not None and found[1] == job.generation
    content = found[0] if found is not None and ours else Folded()
    end = content.end or content.given_up(job)
    if ours and content.end is None:
        entries.append(file, user, job.stream_id, job.generation, [end], None, None)
    change(file, user, job, {"status": "error", "error": SILENT.text, "final_event": end, "completed_at": completed_at})


def _drop_orphans(file: StreamsFile, user: str, silent: float) -> None:
    """Remove old logs and counts whose job was never here or is gone."""
    for table in ("logs", "readers"):
        lost = f"SELECT stream_id FROM {table} WHERE user = ? AND active <= ? AND stream_id NOT IN"
        for (stream_id,) in file.rows(f"{lost} (SELECT stream_id FROM jobs WHERE user = ?)", user, silent, user):
            drop(file, user, stream_id)
