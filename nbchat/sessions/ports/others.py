"""The port towards the other kernels that talk in the same conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nbchat.sessions.ports.streams import EventLogEntry, Job, ResumeState, Subscription

__all__ = ["OtherKernels"]


class OtherKernels(Protocol):
    """What this owner's other kernels do, as far as it is known. Never raises for a backend in trouble, and never takes longer
    than 1 s because of it: then it is as if there were no other kernel."""

    async def running(self, conversation_id: str) -> Job | None:
        """Return the job that another kernel is running (or left interrupted) in this conversation."""
        ...

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """As `JobStore.watch`: jobs of other kernels, and own ones that another kernel wants stopped."""
        ...

    async def attach(
        self, job: Job, *, on_entry: Callable[[EventLogEntry], None], on_gap: Callable[[], None]
    ) -> tuple[ResumeState, Subscription] | None:
        """As `EventTransport.attach`; every entry goes to `on_entry`, the last one too. `on_gap` also when the backend is in
        trouble: attach again, after a while."""
        ...

    async def look(self, job: Job) -> Job | None:
        """Return the job as it is now (`interrupted` says whether its kernel lives); None where nobody knows."""
        ...

    async def stop(self, job: Job) -> bool:
        """Ask the job's kernel to stop it; False when it does not run, or cannot be told."""
        ...

    async def watchers(self, stream_id: str) -> int:
        """Return how many other kernels follow a job of this one."""
        ...
