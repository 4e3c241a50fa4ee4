"""Mirrored: the jobs and logs of this process, which other kernels can follow: memory first, then a note to the courier.

Owns the order of the two, so that whoever runs a turn never waits for the backend that kernels share; only a limit over all
kernels is asked for there, within a second. Must not know how anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nbchat.core.errors import BusyError
from nbchat.core.events import Event
from nbchat.sessions.ports import EventLogEntry, Job, JobStatus, ResumeState, StreamsError, Subscription
from nbchat.streams.courier import Courier
from nbchat.streams.memory_jobs import MemoryJobStore
from nbchat.streams.memory_log import MemoryEventTransport
from nbchat.streams.reach import ASK_SECONDS, Reach

__all__ = ["MirroredEventTransport", "MirroredJobStore"]


class MirroredJobStore:
    """This process's jobs, in `local`; `kernel` is its identity, which other kernels know their producer by."""

    def __init__(self, local: MemoryJobStore, courier: Courier, reach: Reach, kernel: str) -> None:
        self._local = local
        self._courier = courier
        self._reach = reach
        self._kernel = kernel

    async def initialize(self) -> None:
        """Nothing to wait for: the backend is connected when there is something to send."""

    async def create_job(self, job: Job, *, limit: int | None = None) -> Job:
        """Create a job. With a `limit` it is counted and reserved in all kernels; where they cannot be asked, in this one."""
        job = job if job.owner else replace(job, owner=self._kernel)
        made = False
        if limit is not None:
            try:
                creating = self._reach.jobs.create_job
                await self._reach.call(lambda: creating(job, limit=limit), ASK_SECONDS)
                made = True
            except StreamsError:
                self._courier.create(job)  # it may have been reserved nevertheless
        try:
            known = await self._local.create_job(job, limit=None if made else limit)
        except BusyError:
            self._courier.delete(job.stream_id)
            raise
        if made or limit is None:
            self._courier.create(job, made=made)
        return known

    async def get_job(self, stream_id: str) -> Job | None:
        """Return a job of this process."""
        return await self._local.get_job(stream_id)

    async def get_job_by_conversation(self, conversation_id: str) -> Job | None:
        """Return the running job of a conversation, if this process runs it."""
        return await self._local.get_job_by_conversation(conversation_id)

    async def update_job(self, stream_id: str, generation: int, **changes: Any) -> Job | None:
        """Change a running job; None, and no change, when it is gone, ended or of another generation."""
        job = await self._local.update_job(stream_id, generation, **changes)
        if job is not None:
            told = changes if job.status == "running" else {**changes, "completed_at": job.completed_at}
            self._courier.update(stream_id, told)
        return job

    async def request_stop(self, stream_id: str, generation: int) -> bool:
        """Ask for a job's end; False when it does not run here."""
        return await self._local.request_stop(stream_id, generation)

    async def renew(self, stream_ids: Sequence[str]) -> None:
        """Nothing to do: the courier gives the signs of life."""

    async def delete_job(self, stream_id: str) -> None:
        """Remove a job; idempotent."""
        self._courier.delete(stream_id)
        await self._local.delete_job(stream_id)

    async def has_job(self, stream_id: str) -> bool:
        """Say whether this process knows the job."""
        return await self._local.has_job(stream_id)

    async def get_running_jobs(self) -> list[Job]:
        """Return the jobs that this process runs, oldest first."""
        return await self._local.get_running_jobs()

    async def cleanup(self) -> int:
        """Drop what is old in this process; the courier sees to the backend, now and then."""
        return await self._local.cleanup()

    async def get_job_count(self) -> int:
        """Return how many jobs this process keeps."""
        return await self._local.get_job_count()

    async def get_job_count_by_status(self, status: JobStatus) -> int:
        """Return how many of them have this status."""
        return await self._local.get_job_count_by_status(status)

    async def get_job_counts(self) -> dict[JobStatus, int]:
        """Return how many of them have each status."""
        return await self._local.get_job_counts()

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back with each job of this process that is created, ends or is asked to stop here."""
        return self._local.watch(on_job)

    async def close(self) -> None:
        """Send what is left, for a second at most, and release everything; idempotent."""
        await self._courier.close()
        await self._reach.close()
        await self._local.close()


class MirroredEventTransport:
    """The logs that are read in this process, in `local`; those of jobs that were created here are sent on."""

    def __init__(self, local: MemoryEventTransport, courier: Courier) -> None:
        self._local = local
        self._courier = courier

    async def append(
        self, stream_id: str, generation: int, events: Sequence[Event], *, after: int | None = None, seq: int | None = None
    ) -> int:
        """Append one batch and return its seq; see `EventTransport.append`."""
        found = await self._local.append(stream_id, generation, events, after=after, seq=seq)
        self._courier.append(stream_id, found, events)
        return found

    async def rewrite(self, stream_id: str, generation: int, events: Sequence[Event], seq: int) -> None:
        """Let this process's log hold what these events fold to."""
        await self._local.rewrite(stream_id, generation, events, seq)

    async def read(self, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
        """Return the entries after a position, None where the tail does not reach it."""
        return await self._local.read(stream_id, generation, after)

    async def resume_state(self, stream_id: str) -> ResumeState | None:
        """Return the content up to the last entry."""
        return await self._local.resume_state(stream_id)

    async def attach(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
        on_gap: Callable[[], None] | None = None,
    ) -> tuple[ResumeState, Subscription] | None:
        """Return the content so far and call back for what follows it; None for an unknown log."""
        return await self._local.attach(stream_id, on_chunk=on_chunk, on_done=on_done, on_error=on_error, on_gap=on_gap)

    def subscribe(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
    ) -> Subscription:
        """Call back for each later entry."""
        return self._local.subscribe(stream_id, on_chunk=on_chunk, on_done=on_done, on_error=on_error)

    async def subscriber_count(self, stream_id: str) -> int:
        """Return how many subscriptions are open here, with those of other kernels when they were last counted."""
        return await self._local.subscriber_count(stream_id) + self._courier.followers(stream_id)

    async def is_first_subscriber(self, stream_id: str) -> bool:
        """Say whether exactly one subscription has been made so far in this process."""
        return await self._local.is_first_subscriber(stream_id)

    def on_all_subscribers_left(self, stream_id: str, callback: Callable[[], None]) -> Subscription:
        """Call `callback` each time the last subscription of this process lets go."""
        return self._local.on_all_subscribers_left(stream_id, callback)

    async def cleanup(self, stream_id: str) -> None:
        """Forget one log of this process; idempotent."""
        await self._local.cleanup(stream_id)

    async def close(self) -> None:
        """Forget all; idempotent. (The job store closes the backend.)"""
        await self._local.close()
