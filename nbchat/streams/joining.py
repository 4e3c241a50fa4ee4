"""join_streams: what a kernel is given of the streams: its own jobs and logs, the way to the other kernels', and figures.

Owns which parts stand where: with "memory:" a kernel is alone, with a backend that kernels share its memory is mirrored there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from nbchat.sessions.ports import Clock, EventTransport, JobStore, OtherKernels
from nbchat.streams.backends import memory_streams, open_streams
from nbchat.streams.reach import TroubleListener

__all__ = ["Streams", "join_streams", "mirrored"]

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Streams:
    """`jobs` and `log` are this process's; `others` is None where it is alone. `place` says for people where they are shared.
    `figures()` are plain values for the curious."""

    place: str
    jobs: JobStore
    log: EventTransport
    others: OtherKernels | None
    figures: Callable[[], Coroutine[Any, Any, Figures]]

    async def close(self) -> None:
        """Send what is left, for about a second at most, and release everything; idempotent."""
        await self.jobs.close()
        await self.log.close()


def join_streams(url: str, clock: Clock, *, owner: str, kernel: str, on_trouble: TroubleListener | None = None) -> Streams:
    """Return the streams of `owner` at `url` (see `open_streams`), as the kernel with this identity uses them.

    `on_trouble(info)` is called on the loop when a shared backend stops working, and when that has another cause;
    `on_trouble(None)` when it works again.
    Opens no file and no connection. Raises ConfigError for an URL that names no backend.
    """
    jobs, log = open_streams(url, clock, owner=owner)
    if url.partition(":")[0].strip().lower() in ("", "memory"):
        return Streams("memory:", jobs, log, None, lambda: _figures(jobs, "memory:"))
    return mirrored(jobs, log, clock, owner=owner, kernel=kernel, on_trouble=on_trouble, place=_shown(url))


def mirrored(
    shared_jobs: JobStore,
    shared_log: EventTransport,
    clock: Clock,
    *,
    owner: str,
    kernel: str,
    on_trouble: TroubleListener | None = None,
    place: str = "shared",
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
        counted = await reach.ask(lambda: _figures(shared_jobs, place), None) or await _figures(jobs, place)
        trouble = reach.trouble
        return {
            **counted,
            "trouble": None if trouble is None else trouble.text,
            "subscribers": courier.all_followers,
            "resumes": others.attached,
            "sent": courier.sent,
            "dropped": courier.rewritten,
            "lag_seconds": round(courier.behind, 3),
        }

    return Streams(place, jobs, MirroredEventTransport(own_log, courier), others, figures)


def _shown(url: str) -> str:
    """Return the URL without a login, and without what is behind a question mark."""
    if url.strip().lower().startswith("sqlite"):
        return url.strip()
    scheme, colon, rest = url.strip().partition(":")
    _, at, host = rest.rpartition("@")
    return f"{scheme}{colon}{'//' if at else ''}{host.partition('?')[0]}"


async def _figures(jobs: JobStore, place: str) -> Figures:
    """The backend, its jobs by status, what is wrong (None: nothing), how often jobs of this kernel are followed in others, how
    often those of others were attached to, how many batches were sent, how many times what waited was dropped and the whole text
    sent instead, and for how many seconds the oldest batch has waited."""
    counts = await jobs.get_job_counts()
    idle = {"trouble": None, "subscribers": 0, "resumes": 0, "sent": 0, "dropped": 0, "lag_seconds": 0.0}
    return {"backend": place, "jobs": counts, **idle}
