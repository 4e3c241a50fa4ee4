"""Turn: one question and everything until its answer ends, as its session and its watchers see it.

Owns the turn's place in its life (queued, running, ended) and the future that resolves with the final answer. Running it
is `run.py`'s matter. Mutated on the background loop only; `future` may be waited for anywhere.
"""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.ids import new_id
from nbchat.core.messages import Attachment, Message
from nbchat.sessions.ports import TurnRecord

if TYPE_CHECKING:
    from nbchat.sessions.session import Session
    from nbchat.sessions.toolbox import Callers

__all__ = ["Place", "Turn", "TurnKind", "TurnStatus"]

TurnStatus = Literal["queued", "running", "ended"]
TurnKind = Literal["ask", "regenerate", "resume"]
_log = logging.getLogger("nbchat.sessions")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree a turn belongs: a question below the message `parent` (None: at the root), or the answer `target` (a
    question, where it has none) that is asked for again or gone on with."""

    parent: str | None = None
    target: str | None = None


@dataclass(eq=False, slots=True)
class Turn:
    """One turn; its `id` is also its job's stream id. `model` is a label "provider/model", or "" for the session's own. Without
    a `place` the question goes to the end of the active path when its turn has come (or where its cell's earlier one stands)."""

    session: Session
    text: str
    request_id: str
    cell: str | None = None
    model: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kind: TurnKind = "ask"
    place: Place | None = None
    budget: Decimal | None = None
    """What it may cost, in US dollars; None is the setting's."""
    attachments: tuple[Attachment, ...] = ()
    """What goes with the question, before its text."""
    reuse: bool = False
    """Whether the answer that its cell got to the same question is taken, without a request."""
    reused: bool = False
    """Whether it was."""
    callers: Callers = ()
    """Whose tools asked for it; let go of when it has ended."""
    patient: bool = True
    """Whether it waits while another kernel answers, or too many answers run; else it ends then as busy."""
    producer: str | None = None
    """Where the kernel is that runs it, for people; None for this one."""
    id: str = field(default_factory=new_id)
    status: TurnStatus = "queued"
    record: TurnRecord | None = None
    question: Message | None = None
    answer: Message | None = None
    content: TurnAccumulator = field(default_factory=TurnAccumulator)
    future: concurrent.futures.Future[Message] = field(default_factory=concurrent.futures.Future, repr=False)
    _watchers: list[Callable[[str | None], None]] = field(default_factory=list, repr=False)
    _told: int = field(default=0, repr=False)
    """How many characters of the content's text the watchers have been told."""

    @property
    def generation(self) -> int:
        """The job's generation; 0 while the turn is queued."""
        return 0 if self.record is None else self.record.generation

    def watch(self, callback: Callable[[str | None], None]) -> str:
        """Return the text told so far, and call `callback(delta)` for all later text and `callback(None)` at the end.

        One step, so nothing is missed or repeated: what has come but is not in the log yet is told with the log's next entry.
        On the loop; the callback must be quick.
        """
        if self.status == "ended":
            callback(None)
            return self.content.text
        self._watchers.append(callback)
        return self.content.text[: self._told]

    def unwatch(self, callback: Callable[[str | None], None]) -> None:
        """Stop calling `callback`; idempotent. On the loop."""
        if callback in self._watchers:
            self._watchers.remove(callback)

    def tell(self, delta: str | None) -> None:
        """Hand a delta (None: the end) to the watchers; one that fails is logged. Called by the run."""
        self._told += len(delta or "")
        if delta == "":
            return
        for callback in tuple(self._watchers):
            try:
                callback(delta)
            except Exception:
                _log.exception("a watcher of a turn failed")
        if delta is None:
            self._watchers.clear()
