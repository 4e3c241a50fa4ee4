"""The ports: what sessions need of the outside, as Protocols. Adapters live in providers, storage, streams and runtime.

Everything async here is awaited on the background loop, by one task at a time unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from nbchat.sessions.ports.clock import Clock
from nbchat.sessions.ports.others import OtherKernels
from nbchat.sessions.ports.providers import KeySource, ModelProvider, PriceBook, TokenCounter
from nbchat.sessions.ports.storage import ConversationStore, RequestLedger, SettingsStore, Standing, TurnRecord
from nbchat.sessions.ports.streams import (
    EventLogEntry,
    EventTransport,
    Job,
    JobStatus,
    JobStore,
    LogGapError,
    ResumeState,
    StreamsError,
    Subscription,
    UserMessage,
)

__all__ = [
    "Clock",
    "ConversationStore",
    "EventLogEntry",
    "EventTransport",
    "Job",
    "JobStatus",
    "JobStore",
    "KeySource",
    "Limits",
    "LogGapError",
    "ModelProvider",
    "OtherKernels",
    "Ports",
    "PriceBook",
    "RequestLedger",
    "ResumeState",
    "SettingsStore",
    "Standing",
    "StreamsError",
    "Subscription",
    "TokenCounter",
    "TurnRecord",
    "UserMessage",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a turn, all requests of a conversation, and all requests of a (local) day may cost: US dollars, None for no limit."""

    turn: Decimal | None = None
    session: Decimal | None = None
    day: Decimal | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(each is not None for each in (self.turn, self.session, self.day))


async def _unknown_length(_provider: str, _model: str) -> int | None:
    return None


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
    helper_requests: Callable[[str], bool] = lambda _provider: False
    """Whether a provider id may be asked for titles besides answers."""
    limits: Callable[[], Limits] = Limits
    """What the person wants to spend at most."""
    local: Callable[[str], bool] = lambda _provider: False
    """Whether a provider id is on this machine, where a request of unknown price costs nothing."""
    context_length: Callable[[str, str], Awaitable[int | None]] = _unknown_length
    """How many tokens a model (provider id, model id) can read, None where nobody knows; asks no server."""
    sees: Callable[[str, str], bool | None] = lambda _provider, _model: None
    """Whether a model (provider id, model id) takes images, None where nobody knows; asks no server."""
    tokens: TokenCounter | None = None
    """Counts what nobody reported."""
    drain_seconds: Callable[[], float] = lambda: 0.0
    """How long a stopped request is read on for its usage; 0 for not at all."""
    private: Callable[[], Ports] | None = None
    """Makes the ports of sessions that are never saved; None where all are like that."""
    notebook: Callable[[], str] = lambda: ""
    """The name of the notebook (or script) that runs here now, for the ledger; any thread, quick."""
    user: str = "local"
    """Whose jobs these are, where several people share a backend."""
    others: OtherKernels | None = None
    """The other kernels that may talk in the same conversations; None where there are none to be known (memory)."""
    max_running: Callable[[], int | None] = lambda: None
    """How many answers of this owner may run at once, in all kernels; None for any number."""
