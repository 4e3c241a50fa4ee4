"""MemoryJobStore: the jobs of one process. Bounded, and swept when jobs are made, so that it needs no timer.

Intervals are measured on the monotonic clock: a jump of the wall clock reaps nothing. Must not know event logs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from nbchat.core.events import Event
from nbchat.sessions.ports import Clock, Job, JobStatus, Subscription
from nbchat.sessions.ports.streams import INACTIVE_SECONDS, KEEP_SECONDS, MAX_JOBS
from nbchat.streams.folding import SILENT, Folded
from nbchat.streams.rules import by_status, check_changes, check_owner, same_generation, too_many
from nbchat.streams.watchers import Watchers

__all__ = ["MemoryJobStore"]

_SWEEP_SECONDS = 30.0


class MemoryJobStore:
    """Jobs by stream id: ended ones for 300 s, at most `max_jobs` (the oldest ended ones go first; a running one never).

    `on_drop(stream_id)` is called for each job that is dropped, so that its log can go too, and for each log without a job that
    has been silent for 1200 s; `on_silent(job)` for each running job that is given up: it ends the log, and returns that end.
    """

    def __init__(
        self,
        clock: Clock,
        owner: str = "local",
        *,
        max_jobs: int = MAX_JOBS,
        on_drop: Callable[[str], None] | None = None,
        on_silent: Callable[[Job], Awaitable[Event]] | None = None,
    ) -> None:
        self._clock = clock
        self._owner = owner
        self._max_jobs = max_jobs
        self._on_drop = on_drop
        self._on_silent = on_silent
        self._jobs: dict[str, Job] = {}
        self._active: dict[str, float] = {}
        """Stream id -> monotonic time of the last sign of life, or of the end; of logs without a job too."""
        self._swept = clock.monotonic()
        self._watchers = Watchers()

    async def initialize(self) -> None:
        """Nothing to connect to."""

    async def create_job(self, job: Job, *, limit: int | None = None) -> Job:
        """Create a job; one that is there already (same generation) is returned. Raises UsageError for another generation and
        another owner's job, BusyError where `limit` run."""
        check_owner(job, self._owner)
        known = self._jobs.get(job.stream_id)
        if known is not None:
            return same_generation(known, job)
        if limit is not None and len(await self.get_running_jobs()) >= limit:
            raise too_many(limit)
        self._jobs[job.stream_id] = job
        self.touch(job.stream_id)
        self._watchers.tell(job)
        if len(self._jobs) > self._max_jobs or self._clock.monotonic() - self._swept >= _SWEEP_SECONDS:
            await self.cleanup()
        return job

    async def get_job(self, stream_id: str) -> Job | None:
        """Return a job."""
        return self._jobs.get(stream_id)

    async def get_job_by_conversation(self, conversation_id: str) -> Job | None:
        """Return the running job of a conversation, the newest where there are several."""
        running = (job for job in reversed(self._jobs.values()) if job.status == "running")
        return next((job for job in running if job.conversation_id == conversation_id), None)

    async def update_job(self, stream_id: str, generation: int, **changes: Any) -> Job | None:
        """Change a running job; None, and no change, when it is gone, ended or of another generation.

        A terminal status is final; `completed_at` is set with it where it is not given. Raises UsageError for a field
        that a job has not, or whose value is fixed.
        """
        check_changes(changes)
        job = self._jobs.get(stream_id)
        if job is None or job.generation != generation or job.status != "running":
            return None
        if changes.get("status", "running") != "running" and changes.get("completed_at") is None:
            changes["completed_at"] = self._clock.time()
        job = self._jobs[stream_id] = replace(job, **changes)
        self.touch(stream_id)
        if job.status != "running":
            self._watchers.tell(job)
        return job

    async def request_stop(self, stream_id: str, generation: int) -> bool:
        """Ask for a job's end; False when it does not run (any more)."""
        job = self._jobs.get(stream_id)
        if job is None or job.generation != generation or job.status != "running":
            return False
        self._jobs[stream_id] = job = replace(job, stop_requested=True)
        self._watchers.tell(job)
        return True

    async def renew(self, stream_ids: Sequence[str]) -> None:
        """Nothing to renew: these jobs live as long as this process does."""

    def touch(self, stream_id: str) -> None:
        """Note a sign of life: its log grew. That may be a log without a job, of another kernel's turn that is followed here."""
        if stream_id not in self._active:
            self._drop_jobless()
        self._active[stream_id] = self._clock.monotonic()

    def _drop_jobless(self) -> None:
        """Drop the logs without a job that did not grow for as long as a running job may be silent."""
        silent = self._clock.monotonic() - INACTIVE_SECONDS
        for stream_id in [each for each, last in self._active.items() if last <= silent and each not in self._jobs]:
            del self._active[stream_id]
            if self._on_drop is not None:
                self._on_drop(stream_id)

    async def delete_job(self, stream_id: str) -> None:
        """Remove a job; idempotent."""
        if self._jobs.pop(stream_id, None) is not None:
            self._active.pop(stream_id, None)
            if self._on_drop is not None:
                self._on_drop(stream_id)

    async def has_job(self, stream_id: str) -> bool:
        """Say whether the job is known."""
        return stream_id in self._jobs

    async def get_running_jobs(self) -> list[Job]:
        """Return the running jobs, oldest first."""
        return [job for job in self._jobs.values() if job.status == "running"]

    async def cleanup(self) -> int:
        """Drop ended jobs older than 300 s (and the oldest ended ones above the limit), end running ones that showed no
        life for 1200 s; returns how many were dropped or ended."""
        now = self._swept = self._clock.monotonic()
        touched = 0
        for stream_id, job in list(self._jobs.items()):
            idle = now - self._active[stream_id]
            if job.status == "running" and idle >= INACTIVE_SECONDS:
                await self._give_up(job)
                touched += 1
            elif job.status != "running" and idle >= KEEP_SECONDS:
                await self.delete_job(stream_id)
                touched += 1
        ended = sorted((self._active[job.stream_id], job.stream_id) for job in self._jobs.values() if job.status != "running")
        for _, stream_id in ended[: max(len(self._jobs) - self._max_jobs, 0)]:
            await self.delete_job(stream_id)
            touched += 1
        return touched

    async def _give_up(self, job: Job) -> None:
        end = Folded().given_up(job) if self._on_silent is None else await self._on_silent(job)
        await self.update_job(job.stream_id, job.generation, status="error", error=SILENT.text, final_event=end)

    async def get_job_count(self) -> int:
        """Return how many jobs there are."""
        return len(self._jobs)

    async def get_job_count_by_status(self, status: JobStatus) -> int:
        """Return how many jobs have this status."""
        return (await self.get_job_counts())[status]

    async def get_job_counts(self) -> dict[JobStatus, int]:
        """Return how many jobs have each status."""
        return by_status(Counter(job.status for job in self._jobs.values()))

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back with each job that is created, ends or is asked to stop."""
        return self._watchers.add(on_job)

    async def close(self) -> None:
        """Forget all; idempotent."""
        self._watchers.close()
        self._jobs.clear()
        self._active.clear()
