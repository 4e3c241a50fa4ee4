"""The ports towards jobs and their event logs, and the values that they hold.

A backend serves one owner (`Ports.user`): what belongs to another one is as if it were not there. Every write carries the job's
generation. Backends that many kernels share raise `StreamsError` when their server or file is in trouble; whoever runs a turn
never meets that: its own log is this process's (`streams/mirrored.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from nbchat.core.errors import ChatError, ErrorKind
from nbchat.core.events import Event
from nbchat.core.messages import Part

__all__ = [
    "EventLogEntry",
    "EventTransport",
    "Job",
    "JobStatus",
    "JobStore",
    "LogGapError",
    "ResumeState",
    "StreamsError",
    "Subscription",
    "UserMessage",
]

# ---------------------------------------------------------------- streams

JobStatus = Literal["running", "complete", "error", "aborted"]


@dataclass(frozen=True, slots=True)
class UserMessage:
    """The question of a job, for readers that have no store."""

    message_id: str
    parent_message_id: str | None = None
    conversation_id: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """The record of one running or finished turn. `created_at` and `completed_at` are seconds since the epoch."""

    stream_id: str
    user_id: str
    conversation_id: str
    generation: int
    status: JobStatus = "running"
    created_at: float = 0.0
    completed_at: float | None = None
    error: str | None = None
    user_message: UserMessage | None = None
    response_message_id: str | None = None
    sender: str | None = None
    final_event: Event | None = None
    owner: str = ""
    """The kernel that produces it: an identity of `machine/owner.py`, or what a backend was told."""
    place: str = ""
    """The notebook or script that runs there, for people."""
    stop_requested: bool = False
    """Somebody wants its kernel to stop it."""
    interrupted: bool = False
    """It is said to run, but its kernel gave no sign of life for `LEASE_SECONDS`, or is known to be dead. Found when read."""


class StreamsError(ChatError):
    """The backend of jobs and logs is in trouble: away, paused, full, read-only. Running answers go on in this kernel."""

    kind: ErrorKind = "storage"


class LogGapError(StreamsError):
    """An entry does not follow from what the log holds: it ends at `seq` (0 where there is none): the backend lost something."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the event log ends at {seq}, before what was to be appended.")
        self.seq = seq


@dataclass(frozen=True, slots=True)
class EventLogEntry:
    """One batch of events in a job's log; `seq` counts from 1, and `after` is the seq of what came before it: one less, or, where
    several batches were joined on their way, that of the batch before the first of them."""

    generation: int
    after: int
    seq: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class ResumeState:
    """All that a late reader needs in one step: the content up to `last_seq`, whose text it continues, and the end."""

    stream_id: str
    generation: int
    aggregated_content: tuple[Part, ...]
    last_seq: int
    run_steps: tuple[Part, ...] = ()
    user_message: UserMessage | None = None
    response_message_id: str | None = None
    sender: str | None = None
    final_event: Event | None = None


LEASE_SECONDS = 6.0
"""How long a job counts as alive after its kernel's last sign: a death is seen within 10 s, with time to look and to say it."""
INACTIVE_SECONDS = 1200.0
KEEP_SECONDS = 300.0
MAX_JOBS = 1000
"""After so long without an entry a running job is ended; so long an ended one is kept; so many an owner has at most."""


class JobStore(Protocol):
    """Jobs by stream id. Every write carries the generation; a write with another one is refused (returns None or False)."""

    async def initialize(self) -> None:
        """Connect; idempotent. Raises ConfigError for a set-up that cannot work, StreamsError for a server in trouble."""
        ...

    async def create_job(self, job: Job, *, limit: int | None = None) -> Job:
        """Create a job, whose kernel lives; one that is there already (same generation) is returned, so that trying again makes
        no second one. Raises UsageError when the stream id exists with another generation or the job is another owner's;
        BusyError when the owner has `limit` running ones, counted and reserved in one step."""
        ...

    async def get_job(self, stream_id: str) -> Job | None:
        """Return a job."""
        ...

    async def get_job_by_conversation(self, conversation_id: str) -> Job | None:
        """Return the running job of a conversation, the newest where there are several."""
        ...

    async def update_job(self, stream_id: str, generation: int, **changes: Any) -> Job | None:
        """Change a running job; None (and no change) when it is gone, ended or of another generation: an update makes no job.

        Setting a terminal status has exactly one winner and is final; `completed_at` is set with it where it is not given.
        Raises UsageError for a field that a job has not, or whose value is fixed."""
        ...

    async def request_stop(self, stream_id: str, generation: int) -> bool:
        """Ask the job's kernel to stop it; False when it does not run (any more). Its end is the acknowledgement."""
        ...

    async def renew(self, stream_ids: Sequence[str]) -> None:
        """Give a sign of life for these running jobs; others are left alone. Call every third of `LEASE_SECONDS`."""
        ...

    async def delete_job(self, stream_id: str) -> None:
        """Remove a job and its log; idempotent."""
        ...

    async def has_job(self, stream_id: str) -> bool:
        """Say whether the job is known."""
        ...

    async def get_running_jobs(self) -> list[Job]:
        """Return the running jobs, oldest first."""
        ...

    async def cleanup(self) -> int:
        """Drop ended jobs older than `KEEP_SECONDS` and the oldest ended ones above `MAX_JOBS`, end running ones that were
        inactive (no entry, no update: a lease alone is no activity) for `INACTIVE_SECONDS`, whose logs then end with a TurnError;
        returns how many."""
        ...

    async def get_job_count(self) -> int:
        """Return how many jobs there are."""
        ...

    async def get_job_count_by_status(self, status: JobStatus) -> int:
        """Return how many jobs have this status."""
        ...

    async def get_job_counts(self) -> dict[JobStatus, int]:
        """Return how many jobs have each status, as of one moment: a job that ends meanwhile is not counted twice."""
        ...

    def watch(self, on_job: Callable[[Job], None]) -> Subscription:
        """Call back on the loop, from now on, with each job that is created, ends or is asked to stop, by this kernel or another,
        as it stands when that is seen; and with each running one when the backend is back after trouble."""
        ...

    async def close(self) -> None:
        """Release everything; idempotent."""
        ...


class Subscription(Protocol):
    """One reader's hold on a log, or on jobs."""

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        ...


class EventTransport(Protocol):
    """Ordered logs of events, one per job, read by position. What is kept is the folded text and a bounded tail of entries."""

    async def append(
        self, stream_id: str, generation: int, events: Sequence[Event], *, after: int | None = None, seq: int | None = None
    ) -> int:
        """Append one batch and return its seq; an older generation than the log's is refused with UsageError. A batch
        with a TurnEnd or TurnError ends the log.

        With `after` and `seq` the batch is the entry that leads from the one to the other. It is appended once, however often
        that is tried; raises LogGapError where the log ends before `after`."""
        ...

    async def rewrite(self, stream_id: str, generation: int, events: Sequence[Event], seq: int) -> None:
        """Let the log hold what `events` fold to, as of `seq`, and nothing before it: the backend lost what it had. Does nothing
        where it has `seq` already; raises UsageError for an older generation."""
        ...

    async def read(self, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
        """Return the entries after that position, or None when the tail does not reach back that far, or `after` lies within
        an entry or ahead of the log (then use `resume_state`)."""
        ...

    async def resume_state(self, stream_id: str) -> ResumeState | None:
        """Return the folded content up to the last entry; O(answer)."""
        ...

    async def attach(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
        on_gap: Callable[[], None] | None = None,
    ) -> tuple[ResumeState, Subscription] | None:
        """Return the content so far and be called back for what follows it, in one step: nothing is missed or repeated. None
        for an unknown log. `on_gap` is called when entries were lost on the way: attach again."""
        ...

    def subscribe(
        self,
        stream_id: str,
        *,
        on_chunk: Callable[[EventLogEntry], None],
        on_done: Callable[[EventLogEntry], None] | None = None,
        on_error: Callable[[EventLogEntry], None] | None = None,
    ) -> Subscription:
        """Call back on the background loop for each later entry; the entry that ends the log goes to done or error."""
        ...

    async def subscriber_count(self, stream_id: str) -> int:
        """Return how many subscriptions are open, in all kernels; those of a kernel that died count for at most
        `LEASE_SECONDS`."""
        ...

    async def is_first_subscriber(self, stream_id: str) -> bool:
        """Say whether exactly one subscription has been made so far, in all kernels."""
        ...

    def on_all_subscribers_left(self, stream_id: str, callback: Callable[[], None]) -> Subscription:
        """Call `callback` each time the last subscription, of any kernel, lets go."""
        ...

    async def cleanup(self, stream_id: str) -> None:
        """Forget one log; idempotent."""
        ...

    async def close(self) -> None:
        """Forget all subscriptions and release everything; idempotent."""
        ...
