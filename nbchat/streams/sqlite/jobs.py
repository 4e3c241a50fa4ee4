"""SqliteJobStore: the jobs of one owner in the file that all kernels of a machine share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from nbchat.sessions.ports import Clock, Job, JobStatus, Subscription
from nbchat.sessions.ports.streams import MAX_JOBS
from nbchat.streams.rules import by_status, check_changes, check_owner, same_generation, too_many
from nbchat.streams.sqlite import job_rows
from nbchat.streams.sqlite.file import StreamsFile
from nbchat.streams.sqlite.notices import SqliteNotices, on_loop
from nbchat.streams.sqlite.thread import StreamsThread
from nbchat.streams.watchers import Watch, Watchers

__all__ = ["SqliteJobStore"]

_SWEEP_SECONDS = 30.0


class SqliteJobStore:
    """Jobs by stream id; as `JobStore` says. Swept when jobs are made, so that it needs no timer."""

    def __init__(self, thread: StreamsThread, notices: SqliteNotices, clock: Clock, owner: str) -> None:
        self._thread = thread
        self._notices = notices
        self._clock = clock
        self._owner = owner
        self._swept = clock.monotonic()
        self._watchers = _Watchers(self._unwatch)
        self._watched = False
        self._closed = False

    async def initialize(self) -> None:
        """Open the file. Raises StreamsError where that fails."""
        await self._thread.run(lambda file: None)

    async def create_job(self, job: Job, *, limit: int | None = None) -> Job:
        """Create a job; one that is there already (same generation) is returned. Raises UsageError for another generation and
        another owner's job, BusyError where `limit` run."""
        check_owner(job, self._owner)
        created = await self._thread.run(lambda file: self._create(file, job, limit))
        if self._clock.monotonic() - self._swept >= _SWEEP_SECONDS:
            await self.cleanup()
        return created

    def _create(self, file: StreamsFile, job: Job, limit: int | None) -> Job:
        with file.transaction():
            known = job_rows.get(file, self._owner, job.stream_id)
            if known is not None:
                return same_generation(known, job)
            if limit is not None and sum(not other.interrupted for other in job_rows.running(file, self._owner)) >= limit:
                raise too_many(limit)
            job_rows.add(file, self._owner, job)
            if file.row("SELECT COUNT(*) FROM jobs WHERE user = ?", self._owner)[0] > MAX_JOBS:
                job_rows.sweep(file, self._owner, self._clock.time())
            return job

    async def get_job(self, stream_id: str) -> Job | None:
        """Return a job."""
        return await self._thread.run(lambda file: job_rows.get(file, self._owner, stream_id))

    async def get_job_by_conversation(self, conversation_id: str) -> Job | None:
        """Return the running job of a conversation, the newest where there are several."""
        return await self._thread.run(lambda file: job_rows.newest(file, self._owner, conversation_id))

    async def update_job(self, stream_id: str, generation: int, **changes: Any) -> Job | None:
        """Change a running job; None, and no change, when it is gone, ended or of another generation. A terminal status is final.
        Raises UsageError for a field that a job has not, or whose value is fixed."""
        check_changes(changes)
        if changes.get("status", "running") != "running" and changes.get("completed_at") is None:
            changes["completed_at"] = self._clock.time()

        def update(file: StreamsFile) -> Job | None:
            with file.transaction():
                job = self._running(file, stream_id, generation)
                return None if job is None else job_rows.change(file, self._owner, job, changes)

        return await self._thread.run(update)

    def _running(self, file: StreamsFile, stream_id: str, generation: int) -> Job | None:
        job = job_rows.get(file, self._owner, stream_id)
        return job if job is not None and (job.generation, job.status) == (generation, "running") else None

    async def request_stop(self, stream_id: str, generation: int) -> bool:
        """Ask for a job's end; False when it does not run (any more)."""

        def ask(file: StreamsFile) -> bool:
            with file.transaction():
                job = self._running(file, stream_id, generation)
                if job is not None:
                    job_rows.request_stop(file, self._owner, job)
                return job is not None

        return await self._thread.run(ask)

    async def renew(self, stream_ids: Sequence[str]) -> None:
        """Give a sign of life for these running jobs."""

        def renew(file: StreamsFile) -> None:
            one = "UPDATE jobs SET renewed = ? WHERE user = ? AND stream_id = ? AND status = 'running'"
            with file.transaction():
                file.many(one, [(file.now(), self._owner, stream_id) for stream_id in stream_ids])

        await self._thread.run(renew)

    async def delete_job(self, stream_id: str) -> None:
        """Remove a job and its log; idempotent."""

        def delete(file: StreamsFile) -> None:
            with file.transaction():
                job_rows.drop(file, self._owner, stream_id)

        await self._thread.run(delete)

    async def has_job(self, stream_id: str) -> bool:
        """Say whether the job is known."""
        return await self.get_job(stream_id) is not None

    async def get_running_jobs(self) -> list[Job]:
        """Return the running jobs, oldest first."""
        return await self._thread.run(lambda file: job_rows.running(file, self._owner))

    async def cleanup(self) -> int:
        """Drop what ended long ago or is too much, end what was silent for too long; returns how many."""
        self._swept, now = self._clock.monotonic(), self._clock.time()

        def sweep(file: StreamsFile) -> int:
            with file.transaction():
                return job_rows.sweep(file, self._owner, now)

        return await self._thread.run(sweep)

    async def get_job_count(self) -> int:
        """Return how many jobs there are."""
        return sum((await self.get_job_counts()).values())

    async def get_job_count_by_status(self, status: JobStatus) -> int:
        """Return how many jobs have this status."""
        return (await self.get_job_counts())[status]

    async def get_job_counts(self) -> dict[JobStatus, int]:
        """Return how many jobs have each status."""
        counted = "SELECT status, COUNT(*) FROM jobs WHERE user = ? GROUP BY status"
        return by_status(dict(await self._thread.run(lambda file: file.rows(counted, self._owner))))

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back with each job that is created, ends or is asked to stop, by whichever kernel."""
        if not self._watched:
            self._watched = True
            tell = on_loop(asyncio.get_running_loop(), self._watchers.tell)
            self._thread.note(lambda: self._notices.watch(tell))
        return self._watchers.add(on_job)

    def _unwatch(self) -> None:
        self._watched = False
        self._thread.note(lambda: self._notices.watch(None))

    async def close(self) -> None:
        """Let go of the file; idempotent."""
        if not self._closed:
            self._closed = True
            if self._watchers:
                self._watchers.close()
                self._unwatch()
            await self._thread.release()


class _Watchers(Watchers):
    """Watchers whose last one's leaving is told."""

    def __init__(self, on_last: Callable[[], None]) -> None:
        super().__init__()
        self._on_last = on_last

    def remove(self, watch: Watch) -> None:
        had = bool(self)
        super().remove(watch)
        if had and not self:
            self._on_last()
