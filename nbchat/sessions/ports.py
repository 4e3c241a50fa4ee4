"""The ports: what sessions need of the outside, as Protocols. Adapters live in providers, storage, streams and runtime.

Everything async here is awaited on the background loop, by one task at a time unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from nbchat.core.conversations import Conversation, ConversationSummary
from nbchat.core.cost import Price
from nbchat.core.events import Event, ProviderEvent
from nbchat.core.messages import Message, Part
from nbchat.core.models import Model, Provider
from nbchat.core.requests import ModelRequest, RequestRecord
from nbchat.core.secrets import Secret

__all__ = [
    "Clock",
    "ConversationStore",
    "EventLogEntry",
    "EventTransport",
    "Job",
    "JobStatus",
    "JobStore",
    "KeySource",
    "ModelProvider",
    "Ports",
    "PriceBook",
    "RequestLedger",
    "ResumeState",
    "SettingsStore",
    "Subscription",
    "TurnRecord",
    "UserMessage",
]


class Clock(Protocol):
    """Time, so that tests can turn it by hand."""

    def time(self) -> float:
        """Seconds since the epoch (UTC): for people and records only; it may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: for every interval, timeout and lease within this process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


# ---------------------------------------------------------------- providers


class ModelProvider(Protocol):
    """One configured endpoint."""

    @property
    def provider(self) -> Provider:
        """Its description."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[Sequence[ProviderEvent]]:
        """Send `request` and yield what comes, one batch per wake-up.

        Ends normally only after a `Finish` was yielded; every other end raises `ProviderError` (kind "interrupted" when
        the answer was cut after it began). Cancelling, or closing the iterator, closes the HTTP request before it returns.
        """
        ...

    async def list_models(self) -> tuple[Model, ...]:
        """Return the chat models that the endpoint offers; raises ProviderError."""
        ...

    async def aclose(self) -> None:
        """Release connections; idempotent."""
        ...


class KeySource(Protocol):
    """Finds the key of a provider."""

    def key(self, provider: Provider) -> Secret | None:
        """Return the key, or None for a keyless provider; raises ConfigError, with what to do, when it is missing.

        May block (a keyring, a prompt): never called on the background loop.
        """
        ...


class PriceBook(Protocol):
    """Knows prices."""

    async def price(self, provider: Provider, model: str) -> Price | None:
        """Return what the model costs now, or None; never raises. The first call may load data (on a thread)."""
        ...


# ---------------------------------------------------------------- storage


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as storage sees it. `generation` is given by the store when the turn begins and never repeats within a
    conversation. `cell` is the key of the notebook cell that asked, if one did. `owner` is the process that runs it."""

    id: str
    conversation: str
    user_message: str
    assistant_message: str
    request_id: str
    cell: str | None = None
    owner: str = ""
    generation: int = 0
    started: float = 0.0


class ConversationStore(Protocol):
    """Durable conversations and messages. Every method that returned has been committed (or raised StorageError)."""

    async def create(self, conversation: Conversation) -> Conversation:
        """Save a new conversation; where its name is taken, return the one that has it."""
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation by id."""
        ...

    async def find(self, name: str) -> Conversation | None:
        """Return a conversation by its unique name."""
        ...

    async def summaries(self, query: str = "", *, limit: int = 50, offset: int = 0) -> list[ConversationSummary]:
        """Return conversations, last updated first, whose name or title contains `query`."""
        ...

    async def update(self, conversation_id: str, **changes: Any) -> Conversation:
        """Change fields of a conversation; raises UsageError for a name that is taken, KeyError if there is none."""
        ...

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its messages; its ledger rows stay. Idempotent."""
        ...

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return all messages of the tree in order of creation. Those of dead turns come as "interrupted" (see `recover`)."""
        ...

    async def begin_turn(self, turn: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
        """Save, in one transaction, the turn, its user message and its empty streaming answer, and move the head there.

        Returns the turn with its generation and owner. A turn whose `request_id` is known is not begun again: the
        stored one is returned, and its `id` differs from the one given.
        """
        ...

    async def checkpoint(self, turn: TurnRecord, parts: Sequence[Part]) -> None:
        """Save more of a running answer: `parts` is what came since the last checkpoint (append-only pieces: a first
        part of the kind that the answer ended with goes on in that part)."""
        ...

    async def end_turn(self, turn: TurnRecord, message: Message, records: Sequence[RequestRecord]) -> bool:
        """Save the final answer and settle its requests in one transaction; False when the turn had already ended
        (the first end wins, nothing is changed then)."""
        ...

    async def turn_of_cell(self, conversation_id: str, cell: str) -> TurnRecord | None:
        """Return the newest turn that the cell with this key asked."""
        ...

    async def recover(self, conversation_id: str | None = None) -> list[str]:
        """Mark the answers of turns whose owner is dead as "interrupted"; returns their message ids. A turn of a living
        process, or one whose lease runs, is never touched."""
        ...

    async def heartbeat(self) -> None:
        """Renew the lease of this process on its running turns."""
        ...

    async def aclose(self) -> None:
        """Drain the writer and close; idempotent."""
        ...


class RequestLedger(Protocol):
    """Reads the append-only ledger (rows are written by `end_turn` and `settle`)."""

    async def settle(self, record: RequestRecord) -> bool:
        """Append one row that belongs to no turn's end; False when a row with this id exists already."""
        ...

    async def records(self, conversation_id: str | None = None) -> list[RequestRecord]:
        """Return the rows, oldest first, of one conversation or of all."""
        ...


class SettingsStore(Protocol):
    """Settings and configured providers."""

    async def settings(self) -> dict[str, Any]:
        """Return all settings (JSON values by name)."""
        ...

    async def set(self, name: str, value: Any) -> None:
        """Save one setting; None removes it."""
        ...

    async def providers(self) -> list[Provider]:
        """Return the configured providers, oldest first."""
        ...

    async def save_provider(self, provider: Provider) -> None:
        """Save a provider, replacing the one with its id."""
        ...

    async def delete_provider(self, provider_id: str) -> None:
        """Remove a provider; idempotent."""
        ...


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


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a session is given; made once, by the composition root."""

    clock: Clock
    store: ConversationStore
    ledger: RequestLedger
    settings: SettingsStore
    jobs: JobStore
    log: EventTransport
    prices: PriceBook
    provider: Callable[[str], ModelProvider]
    """Returns the adapter of a provider id; raises ConfigError for an unknown one."""
    user: str = "local"
    """Whose jobs these are, where several people share a backend."""
