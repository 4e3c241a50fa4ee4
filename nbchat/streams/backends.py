"""open_streams: from a URL to a JobStore and an EventTransport. A backend's module is imported when its scheme is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbchat.core.errors import ConfigError
from nbchat.sessions.ports import Clock, EventTransport, JobStore

if TYPE_CHECKING:
    from nbchat.streams.memory_jobs import MemoryJobStore
    from nbchat.streams.memory_log import MemoryEventTransport

__all__ = ["memory_streams", "open_streams"]


def open_streams(url: str, clock: Clock, *, owner: str = "local") -> tuple[JobStore, EventTransport]:
    """Return the backend for `url` (the value of `NBCHAT_STREAMS`), which keeps the jobs of `owner`; "" is "memory:".

    Raises ConfigError for a scheme that this version has no backend for.
    """
    scheme = url.partition(":")[0].strip().lower()
    if scheme in ("", "memory"):
        return memory_streams(clock, owner)
    if scheme == "sqlite":
        return _sqlite(url.partition(":")[2].strip(), clock, owner)
    if scheme in ("redis", "rediss"):
        from nbchat.streams.redis import open_redis

        return open_redis(url, clock, owner)
    raise ConfigError(
        f'NBCHAT_STREAMS names the backend "{scheme}", which this nbchat does not have.',
        hint='There are "memory:", "sqlite:" and "redis://...": remove the variable, or set it to one of them.',
    )


def memory_streams(clock: Clock, owner: str) -> tuple[MemoryJobStore, MemoryEventTransport]:
    """Return the backend of one process."""
    from nbchat.streams.memory_jobs import MemoryJobStore
    from nbchat.streams.memory_log import MemoryEventTransport

    # A job and its log go together: appends keep the job alive; a log ends with a job that is given up, and is dropped with it.
    jobs = MemoryJobStore(
        clock,
        owner,
        on_drop=lambda stream_id: log.forget(stream_id),  # noqa: PLW0108 (made below)
        on_silent=lambda job: log.give_up(job),  # noqa: PLW0108 (made below)
    )
    log = MemoryEventTransport(on_append=jobs.touch)
    return jobs, log


def _sqlite(place: str, clock: Clock, owner: str) -> tuple[JobStore, EventTransport]:
    from nbchat.streams.sqlite.opening import open_sqlite, path_of

    return open_sqlite(path_of(place), clock, owner)
