"""EngineStatus: what the server behind a model does right now, as far as it says so; and what changes it.

From what a provider sends, from how a turn ended, from a listing. Pure; which answers of a server mean what is the providers'
matter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from nbchat.core.errors import ErrorKind
from nbchat.core.events import Loading, ProviderEvent, ReasoningDelta, TextDelta, ToolCallDelta, Waiting
from nbchat.core.messages import Message
from nbchat.core.models import Model

__all__ = [
    "GENERATING",
    "IDLE",
    "EngineState",
    "EngineStatus",
    "engine_after",
    "engine_at_end",
    "engine_at_start",
    "engine_listed",
]

EngineState = Literal["idle", "loading", "ready", "generating", "error"]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's `state`: "idle" (not loaded, or nobody knows), "loading" (the model comes into memory; `progress` from 0 to 1
    where the server says it), "ready" (as of the last that was heard), "generating", or "error" (`text` is the last failure of
    the server or the way to it)."""

    state: EngineState = "idle"
    text: str = ""
    progress: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the status as a JSON object."""
        return asdict(self)


IDLE = EngineStatus()
GENERATING = EngineStatus("generating")
READY = EngineStatus("ready")
_FAULTS: frozenset[ErrorKind] = frozenset({"server", "network", "timeout", "protocol"})
"""Failures of the server or the way to it; a wrong key or a long conversation says nothing about the engine."""


def engine_at_start(engine: EngineStatus) -> EngineStatus:
    """Return the engine's status when a turn begins: an earlier error is over."""
    return IDLE if engine.state == "error" else engine


def engine_after(engine: EngineStatus, event: ProviderEvent) -> EngineStatus:
    """Return the engine's status after the provider sent this."""
    if isinstance(event, TextDelta | ReasoningDelta | ToolCallDelta):
        return engine if engine is GENERATING else GENERATING
    if isinstance(event, Loading):
        return EngineStatus("loading", event.text, event.progress)
    if isinstance(event, Waiting) and engine.state == "loading":
        return READY
    return engine


def engine_at_end(engine: EngineStatus, answer: Message) -> EngineStatus:
    """Return its status when a turn has ended: what has just answered is ready; what was still loading is not known to be."""
    if answer.status == "error" and answer.error is not None and answer.error.kind in _FAULTS:
        return EngineStatus("error", answer.error.text)
    if engine.state == "generating":
        return READY
    return IDLE if engine.state == "loading" else engine


def engine_listed(engine: EngineStatus, model: Model) -> EngineStatus:
    """Return its status between turns when a listing said whether the model is loaded; one that is not takes no error away."""
    if model.loaded is None or (engine.state == "error" and not model.loaded):
        return engine
    return READY if model.loaded else IDLE
