"""What a session tells the world: its status, an immutable snapshot of its state, and the signals it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbchat.core.cost import Cost
from nbchat.core.engine import GENERATING, IDLE, EngineStatus, engine_after, engine_at_end, engine_at_start
from nbchat.core.errors import ErrorInfo
from nbchat.core.events import ProviderEvent, ReasoningDelta, Retry, TextDelta
from nbchat.core.messages import Message
from nbchat.core.usage import Usage

if TYPE_CHECKING:
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["Approval", "Listener", "Notice", "SessionState", "SessionStatus", "Signal", "SignalName", "all_of"]

SessionStatus = Literal["idle", "submitted", "streaming", "error"]
SignalName = Literal[
    "turn-queued", "turn-started", "text-delta", "message-added", "status-changed", "turn-ended", "error",
    "queue-changed", "path-changed", "approval-needed", "changed", "closed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the person should know while the session goes on (the database cannot be written, the demo answers): its `kind`
    ("info", "warning" or "error"), a sentence as `text`, and what to do as `hint`."""

    kind: Literal["info", "warning", "error"]
    text: str
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the notice as a JSON object."""
        return {"kind": self.kind, "text": self.text, "hint": self.hint}


def all_of(notices: Iterable[Notice]) -> Notice | None:
    """Return several notices as one, of the first one's kind; None for none."""
    each = tuple(notices)
    if len(each) < 2:
        return each[0] if each else None
    return Notice(each[0].kind, " ".join(one.text for one in each), " ".join(one.hint for one in each if one.hint))


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
    """A session at one moment.

    `conversation_id` is the conversation's; `provider_id` and `model_id` are what answers next; `status` is "idle", "submitted"
    (asked, and nothing came yet), "streaming" or "error". `usage` and `cost` are those of all its conversation's requests. Of
    the running turn, or the last one: `finish_reason` (the provider's word for the end), `last_error` (an ErrorInfo), and
    `retry` (what is waited for before it is asked again), each None where there is none. `subscriber_count` is how many views
    are open; `last_activity` is in seconds since the epoch; `approvals` are the tool calls that wait for consent; `engine` is
    what the model's server does, as of the last that was heard of it. `producer` is where the kernel is that runs the turn (""
    for this one), `watchers` in how many other kernels it is followed. `streaming_text` is joined when read.
    """

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
    engine: EngineStatus = IDLE
    producer: str = ""
    watchers: int = 0
    _text: Callable[[], str] = field(default=str, repr=False, compare=False)

    @property
    def streaming_text(self) -> str:
        """The running answer's text so far; "" while nothing runs."""
        return self._text()

    def of_model(self, provider: str, model: str) -> SessionState:
        """Return the state with this model for the next turn; another one has an engine of which nothing is known."""
        same = (provider, model) == (self.provider_id, self.model_id)
        return replace(self, provider_id=provider, model_id=model, engine=self.engine if same else IDLE)

    def begun(self, text: Callable[[], str], producer: str = "") -> SessionState:
        """Return the state in which a turn has just begun, whose text this gives; what the last one left behind is cleared."""
        return replace(
            self,
            status="submitted",
            last_error=None,
            retry=None,
            finish_reason=None,
            engine=engine_at_start(self.engine),
            producer=producer,
            watchers=0,
            _text=text,
        )

    def after(self, event: ProviderEvent) -> SessionState:
        """Return the state after the provider sent this; the same one where it changes nothing, as most tokens do."""
        if isinstance(event, TextDelta | ReasoningDelta):
            if self.status == "streaming" and self.engine is GENERATING:
                return self
            return replace(self, status="streaming", retry=None, engine=GENERATING)
        if isinstance(event, Retry):
            return replace(self, retry=event)
        engine = engine_after(self.engine, event)
        return self if engine is self.engine else replace(self, retry=None, engine=engine)

    def ended(self, message: Message, now: float) -> SessionState:
        """Return the state in which a turn has ended with this answer."""
        return replace(
            self,
            status="error" if message.status in ("error", "interrupted") else "idle",
            finish_reason=message.finish_reason,
            last_error=message.error,
            retry=None,
            engine=engine_at_end(self.engine, message),
            last_activity=now,
            producer="",
            watchers=0,
            _text=str,
        )


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
