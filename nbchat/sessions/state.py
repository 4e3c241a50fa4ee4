"""What a session tells the world: its status, an immutable snapshot of its state, and the signals it sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbchat.core.cost import Cost
from nbchat.core.errors import ErrorInfo
from nbchat.core.events import Retry
from nbchat.core.usage import Usage

if TYPE_CHECKING:
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["Approval", "Listener", "Notice", "SessionState", "SessionStatus", "Signal", "SignalName"]

SessionStatus = Literal["idle", "submitted", "streaming", "error"]
SignalName = Literal[
    "turn-queued", "turn-started", "text-delta", "message-added", "status-changed", "turn-ended", "error",
    "queue-changed", "path-changed", "approval-needed", "changed", "closed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the person should know while the session goes on: the database cannot be written, the demo answers."""

    kind: Literal["info", "warning", "error"]
    text: str
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the notice as a JSON object."""
        return {"kind": self.kind, "text": self.text, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Approval:
    """A tool call that waits for a person's consent: the tool, and its arguments exactly as they will be used (JSON text as the
    model wrote it). Lives in the kernel's memory only.

    `call` is what a decision names, unique in its session: the id of the message's tool call, with "#" and something random
    behind it where the provider has used that id before."""

    call: str
    tool: str
    arguments: str

    def to_json(self) -> dict[str, Any]:
        """Return the approval as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session at one moment. `usage` and `cost` are those of all its conversation's requests; `subscriber_count` is how
    many views are open; `last_activity` is in seconds since the epoch; `approvals` are the tool calls that wait for consent.
    `streaming_text` is joined when read."""

    conversation_id: str
    provider_id: str
    model_id: str
    status: SessionStatus
    usage: Usage
    cost: Cost
    finish_reason: str | None = None
    last_error: ErrorInfo | None = None
    retry: Retry | None = None
    subscriber_count: int = 0
    last_activity: float = 0.0
    approvals: tuple[Approval, ...] = ()
    _text: Callable[[], str] = field(default=str, repr=False, compare=False)

    @property
    def streaming_text(self) -> str:
        """The running answer's text so far; "" while nothing runs."""
        return self._text()


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that happened in a session. `data` depends on the name: the delta's text ("text-delta"), the message
    ("message-added", "turn-ended"), (old, new) status ("status-changed"), the ErrorInfo ("error"), the Approval
    ("approval-needed"). "path-changed": another branch became the active one, or messages were edited, hidden or deleted."""

    name: SignalName
    session: Session
    turn: Turn | None = None
    data: Any = None


Listener: TypeAlias = Callable[[Signal], None]
