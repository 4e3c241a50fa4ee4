"""The ports: what sessions need of the outside, as Protocols. Adapters live in providers, storage, streams and runtime.

Everything async here is awaited on the background loop, by one task at a time unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbchat.sessions.ports.clock import Clock
from nbchat.sessions.ports.providers import KeySource, ModelProvider, PriceBook, TokenCounter
from nbchat.sessions.ports.storage import ConversationStore, RequestLedger, SettingsStore, TurnRecord
from nbchat.sessions.ports.streams import (
    EventLogEntry,
    EventTransport,
    Job,
    JobStatus,
    JobStore,
    ResumeState,
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
    "ModelProvider",
    "Ports",
    "PriceBook",
    "RequestLedger",
    "ResumeState",
    "SettingsStore",
    "Subscription",
    "TokenCounter",
    "TurnRecord",
    "UserMessage",
]


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
    tokens: TokenCounter | None = None
    """Counts what nobody reported."""
    drain_seconds: Callable[[], float] = lambda: 0.0
    """How long a stopped request is read on for its usage; 0 for not at all."""
    private: Callable[[], Ports] | None = None
    """Makes the ports of sessions that are never saved; None where all are like that."""
    user: str = "local"
    """Whose jobs these are, where several people share a backend."""
