"""Elsewhere: what this owner's other kernels do, as far as the shared backend says it.

Owns the promise that its trouble is nobody's error here: then it is as if there were no other kernel. Must not know sessions.
"""

from __future__ import annotations

from collections.abc import Callable

from nbchat.sessions.ports import EventLogEntry, Job, ResumeState, Subscription
from nbchat.streams.courier import Courier
from nbchat.streams.reach import Reach

__all__ = ["Elsewhere"]


class _Both:
    """Two subscriptions as one."""

    def __init__(self, *subscriptions: Subscription) -> None:
        self._subscriptions = subscriptions

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        for each in self._subscriptions:
            each.unsubscribe()


class Elsewhere:
    """`OtherKernels` over the shared backend; `kernel` is this one's identity."""

    def __init__(self, reach: Reach, courier: Courier, kernel: str) -> None:
        self._reach = reach
        self._courier = courier
        self._kernel = kernel
        self.attached = 0
        """How many times a job of another kernel was attached to."""

    async def running(self, conversation_id: str) -> Job | None:
        """Return the job that another kernel is running (or left interrupted) in this conversation."""
        finding = self._reach.jobs.get_job_by_conversation
        job = await self._reach.ask(lambda: finding(conversation_id), None)
        return None if job is None or job.owner == self._kernel else job

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back with jobs of other kernels, and with own ones that another kernel wants stopped."""

        def told(job: Job) -> None:
            if job.owner != self._kernel or job.stop_requested:
                on_job(job)

        return _Both(self._reach.jobs.watch(told), self._courier.stops.add(told))

    async def attach(
        self, job: Job, *, on_entry: Callable[[EventLogEntry], None], on_gap: Callable[[], None]
    ) -> tuple[ResumeState, Subscription] | None:
        """Return a job's content so far and call back for what follows it; None where there is none (yet), or nobody knows."""
        found: tuple[ResumeState, Subscription] | None = None

        async def attach() -> tuple[ResumeState, Subscription] | None:
            nonlocal found
            found = await self._reach.log.attach(job.stream_id, on_chunk=on_entry, on_gap=on_gap)
            return found

        try:
            await self._reach.ask(attach, None)
        except BaseException:
            if found is not None:  # cancelled in the moment of success
                found[1].unsubscribe()
            raise
        self.attached += found is not None
        return found

    async def look(self, job: Job) -> Job | None:
        """Return the job as it is now; None where nobody knows."""
        return await self._reach.ask(lambda: self._reach.jobs.get_job(job.stream_id), None)

    async def stop(self, job: Job) -> bool:
        """Ask the job's kernel to stop it; False when it does not run, or cannot be told."""
        return await self._reach.ask(lambda: self._reach.jobs.request_stop(job.stream_id, job.generation), False)

    async def watchers(self, stream_id: str) -> int:
        """Return how many other kernels followed a job of this one when that was last asked."""
        return self._courier.followers(stream_id)
