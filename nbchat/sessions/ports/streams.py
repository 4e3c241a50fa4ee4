"""The ports towards jobs and their event logs, and the values that they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from nbchat.core.events import Event
from nbchat.core.messages import Part

__all__ = [
    "EventLogEntry",
    "EventTransport",
    "Job",
    "JobStatus",
    "JobStore",
    "ResumeState",
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


@dataclass(frozen=True, slots=True)
class EventLogEntry:
    """One batch of events in a job's log; `seq` counts from 1, and `after` is the seq before it."""

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


class JobStore(Protocol):
    """Jobs by stream id. Every write carries the generation; a write with an older one is refused (returns False/None)."""

    async def initialize(self) -> None:
        """Connect; idempotent."""
        ...

    async def create_job(self, job: Job) -> Job:
        """Create a job; raises UsageError when the stream id exists with another generation."""
        ...

    async def get_job(self, stream_id: str) -> Job | None:
        """Return a job."""
        ...

    async def get_job_by_conversation(self, conversation_id: str) -> Job | None:
        """Return the running job of a conversation, if there is one."""
        ...

    async def update_job(self, stream_id: str, generation: int, **changes: Any) -> Job | None:
        """Change a running job; None (and no change) when it is gone, ended or of another generation. Setting a terminal
        status has exactly one winner."""
        ...

    async def delete_job(self, stream_id: str) -> None:
        """Remove a job; idempotent."""
        ...

    async def has_job(self, stream_id: str) -> bool:
        """Say whether the job is known."""
        ...

    async def get_running_jobs(self) -> list[Job]:
        """Return the running jobs."""
        ...

    async def cleanup(self) -> int:
        """Drop ended jobs older than 300 s and end running ones that were inactive for 1200 s; returns how many."""
        ...

    async def get_job_count(self) -> int:
        """Return how many jobs there are."""
        ...

    async def get_job_count_by_status(self, status: JobStatus) -> int:
        """Return how many jobs have this status."""
        ...

    async def close(self) -> None:
        """Release everything; idempotent."""
        ...


class Subscription(Protocol):
    """One reader's hold on a log."""

    def unsubscribe(self) -> None:
        """Let go; idempotent."""
        ...


class EventTransport(Protocol):
    """Ordered logs of events, one per job, read by position."""

    async def append(self, stream_id: str, generation: int, events: Sequence[Event]) -> int:
        """Append one batch and return its seq; an older generation than the log's is refused with UsageError. A batch
        with a TurnEnd or TurnError ends the log."""
        ...

    async def read(self, stream_id: str, generation: int, after: int) -> list[EventLogEntry] | None:
        """Return the entries after that position, or None when the tail does not reach back that far (then use
        `resume_state`)."""
        ...

    async def resume_state(self, stream_id: str) -> ResumeState | None:
        """Return the folded content up to the last entry."""
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

    def subscriber_count(self, stream_id: str) -> int:
        """Return how many subscriptions are open."""
        ...

    def is_first_subscriber(self, stream_id: str) -> bool:
        """Say whether exactly one subscription has been made so far."""
        ...

    def on_all_subscribers_left(self, stream_id: str, callback: Callable[[], None]) -> None:
        """Call `callback` each time the last subscription lets go."""
        ...

    def cleanup(self, stream_id: str) -> None:
        """Forget one log."""
        ...

    async def close(self) -> None:
        """Forget all; idempotent."""
        ...
