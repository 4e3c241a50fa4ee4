"""join_streams: what a kernel is given of the streams: its own jobs and logs, the way to the other kernels', and figures.

Owns which parts stand where: with "memory:" a kernel is alone, with a backend that kernels share its memory is mirrored there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_args

from nbchat.sessions.ports import Clock, EventTransport, JobStatus, JobStore, OtherKernels
from nbchat.streams.backends import memory_streams, open_streams
from nbchat.streams.reach import TroubleListener

__all__ = ["Streams", "join_streams", "mirrored"]

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Streams:
    """`jobs` and `log` are this process's; `others` is None where it is alone. `figures()` are plain values for the curious."""

    jobs: JobStore
    log: EventTransport
    others: OtherKernels | None
    figures: Callable[[], Awaitable[Figures]]

    async def close(self) -> None:
        """Send what is left, for a second at most, and release everything; idempotent."""
        await self.jobs.close()
        await self.log.close()


def join_streams(url: str, clock: Clock, *, owner: str, kernel: str, on_trouble: TroubleListener | None = None) -> Streams:
    """Return the streams of `owner` at `url` (see `open_streams`), as the kernel with this identity uses them.

    `on_trouble(info)` is called on the loop when a shared backend stops working, and `on_trouble(None)` when it works again.
    Opens no file and no connection. Raises ConfigError for an URL that names no backend.
    """
    jobs, log = open_streams(url, clock, owner=owner)
    if url.partition(":")[0].strip().lower() in ("", "memory"):
        return Streams(jobs, log, None, lambda: _figures(jobs, "memory"))
    return mirrored(jobs, log, clock, owner=owner, kernel=kernel, on_trouble=on_trouble, name=url.partition(":")[0])


def mirrored(
    shared_jobs: JobStore,
    shared_log: EventTransport,
    clock: Clock,
    *,
    owner: str,
    kernel: str,
    on_trouble: TroubleListener | None = None,
    name: str = "shared",
) -> Streams:
    """Return what a kernel is given of a backend that it shares with others."""
    from nbchat.streams.courier import Courier
    from nbchat.streams.elsewhere import Elsewhere
    from nbchat.streams.mirrored import MirroredEventTransport, MirroredJobStore
    from nbchat.streams.reach import Reach

    own_jobs, own_log = memory_streams(clock, owner)
    reach = Reach(shared_jobs, shared_log, clock, on_trouble)
    courier = Courier(reach, own_log, clock)
    others = Elsewhere(reach, courier, kernel)
    jobs = MirroredJobStore(own_jobs, courier, reach, kernel)

    async def figures() -> Figures:
        counted = await reach.ask(lambda: _figures(shared_jobs, name), None) or await _figures(jobs, name)
        trouble = reach.trouble
        return {
            **counted,
            "trouble": None if trouble is None else trouble.text,
            "followers": courier.all_followers,
            "attached": others.attached,
            "sent": courier.sent,
            "rewritten": courier.rewritten,
            "behind_seconds": round(courier.behind, 3),
        }

    return Streams(jobs, MirroredEventTransport(own_log, courier), others, figures)


async def _figures(jobs: JobStore, name: str) -> Figures:
    statuses: tuple[JobStatus, ...] = get_args(JobStatus)
    counts = {status: await jobs.get_job_count_by_status(status) for status in statuses}
    return {"backend": name, "jobs": counts}
