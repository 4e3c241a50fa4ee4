"""Asking: what a turn's requests say, the first one and those that go on with the answer so far.

Owns how the conversation becomes a request; when requests are made is `run.py`'s matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbchat.core.messages import Message, Part, TextPart
from nbchat.core.requests import ModelRequest
from nbchat.core.seam import CONTINUE_PROMPT, Seam
from nbchat.core.tools import ToolSpec
from nbchat.sessions.history import history_for

__all__ = ["Asking"]


@dataclass(slots=True)
class Asking:
    """Makes the requests of one turn: to `model` of `provider`, in the conversation of this name, about the `path` that leads
    to the `answer`. Ids: the turn's request id, then "2", "3", ... behind the turn's own id: a request id is anybody's to give,
    and one that the ledger has already would not be settled."""

    turn: str
    request_id: str
    provider: str
    model: str
    conversation: str
    system: str | None
    path: tuple[Message, ...]
    answer: Message
    parameters: Mapping[str, Any]
    start: int = field(default=0, init=False)
    """The index in `path` of the first message that is sent: what is before it does not fit into the model's context."""
    _made: int = field(default=0, init=False)

    @property
    def label(self) -> str:
        """Whom it asks: "provider/model"."""
        return f"{self.provider}/{self.model}"

    def nothing(self) -> ModelRequest:
        """Return the request that stands for a turn that fails before it has made one."""
        return ModelRequest(self.request_id, self.model, ())

    def request(self, parts: Sequence[Part], *, prefill: bool, tools: tuple[ToolSpec, ...]) -> ModelRequest:
        """Return the next request; `parts` are what the answer has so far. Where a model is to go on with text, it is given
        that text to go on with (`prefill`), or told in words."""
        self._made += 1
        name = self.request_id if self._made == 1 else f"{self.turn}-{self._made}"
        history = self.history(parts, self.start)
        if not prefill and history and history[-1].role == "assistant":
            history = (*history, Message("continue", "user", (TextPart(CONTINUE_PROMPT),)))
        return ModelRequest(name, self.model, history, self.parameters, tools, continues=prefill)

    def history(self, parts: Sequence[Part], start: int) -> tuple[Message, ...]:
        """Return the messages that are sent when the path is sent from there; `parts` are what the answer has so far."""
        return history_for((*self.path[start:], self.answer.with_parts(parts)), self.system)

    def can_prefill(self, parts: Sequence[Part]) -> bool:
        """Whether the answer so far ends in text that a model could go on with."""
        return bool(parts) and isinstance(parts[-1], TextPart) and bool(parts[-1].text.strip())

    def seam(self, parts: Sequence[Part], *, prefill: bool) -> Seam | None:
        """Return what joins the next text to the answer so far; None where that does not end in text."""
        return Seam(parts[-1].text, prefilled=prefill) if parts and isinstance(parts[-1], TextPart) else None
