"""Submitting: the part of a session that takes questions: new ones, other words, another try, the rest; and its queue.

Owns what can be asked and the rule that a repeated request id gets the turn that it got before. Each call reserves its place
at once, before anything is awaited; what then happens is the worker's matter. On the background loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, cast

from nbchat.core.errors import BusyError, UsageError
from nbchat.core.ids import new_id
from nbchat.core.messages import Attachment, FilePart, ImagePart, Message
from nbchat.core.models import model_named
from nbchat.core.parameters import check_parameters
from nbchat.core.texts import text_of
from nbchat.sessions.budget import amount_of
from nbchat.sessions.editing import Editing
from nbchat.sessions.leases import Leases
from nbchat.sessions.ports import Ports
from nbchat.sessions.toolbox import callers
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Place, Turn, TurnKind
from nbchat.sessions.worker import TurnWorker

if TYPE_CHECKING:
    from nbchat.sessions.session import Session

__all__ = ["Submitting"]


class Submitting(Editing):
    """What `Session` stands on: questions and the turns that they become."""

    def __init__(self, tree: ConversationTree, ports: Ports) -> None:
        super().__init__(tree, ports)
        self._worker: TurnWorker
        self._leases: Leases
        self._by_request: dict[str, Turn] = {}

    @property
    def turn(self) -> Turn | None:
        """The running turn, or the last one that ran in this process."""
        return self._worker.current

    @property
    def busy(self) -> bool:
        """Whether a turn runs or waits."""
        return self._worker.busy

    @property
    def asking(self) -> bool:
        """Whether a turn of this kernel runs or waits."""
        return self._worker.asking

    @property
    def queue(self) -> tuple[Turn, ...]:
        """The turns that wait."""
        return tuple(self._worker.waiting)

    def submit(
        self,
        text: str,
        *,
        request_id: str | None = None,
        cell: str | None = None,
        model: str = "",
        parameters: Mapping[str, Any] | None = None,
        when_busy: Literal["queue", "raise"] = "queue",
        budget: Any = None,
        parent: str | EllipsisType | None = ...,
        attachments: Sequence[Attachment] = (),
        reuse: bool = False,
        turn_id: str = "",
    ) -> Turn:
        """Reserve the next place in the queue and return its turn at once; a `request_id` seen before returns its turn.

        The question goes below the message `parent` (None: it begins a conversation of its own); without one to the end of
        the active path when its turn has come. `budget` is what the turn may cost, in US dollars; `attachments` go with the
        question (they are checked already: `core/attachments.py`). With `reuse` the answer that the `cell` got before to the same
        question, with the same before it (`asked.py`), is the turn's, and nothing is sent. `turn_id` is its id, where a place is
        reserved for it. Raises UsageError for an
        empty question, for parameters that cannot be sent, for a `model` that names none, for a `budget` that is no amount and
        in a closed session, BusyError with `when_busy="raise"` while a turn runs or waits, ConfigError for a model whose
        provider is unknown; nothing is sent then. A question of the same `cell` that still waits gives way: whoever runs a cell
        again does not mean what it said before.
        """
        if (known := self._known(request_id)) is not None:
            return known
        if when_busy == "raise":
            self._check_idle()
        place = None
        if not isinstance(parent, EllipsisType):
            if parent is not None:
                self._message(parent)
            place = Place(parent=parent)
        turn = self.unsent(text, request_id, cell, model, parameters, budget, attachments, place)
        turn.reuse = reuse
        turn.id = turn_id or turn.id
        self._enqueue(turn)
        for waiting in self.queue:
            if cell is not None and waiting.cell == cell and waiting is not turn:
                self.unqueue(waiting.id)
        return turn

    def unsent(
        self,
        text: str,
        request_id: str | None = None,
        cell: str | None = None,
        model: str = "",
        parameters: Mapping[str, Any] | None = None,
        budget: Any = None,
        attachments: Sequence[Attachment] = (),
        place: Place | None = None,
    ) -> Turn:
        """Return a question's turn that is in no queue (for `preview`); raises as `submit` does."""
        question, checked, own = _question(text), check_parameters(parameters or {}), amount_of(budget)
        return Turn(self._session, question, request_id or new_id(), cell, model, checked, "ask", place, own, tuple(attachments))

    async def submit_now(self, text: str, *, request_id: str | None = None, **options: Any) -> Turn:
        """As `submit` with `when_busy="raise"`; raises BusyError also while another kernel answers in the conversation, and where
        as many answers run as may."""
        if (known := self._known(request_id)) is not None:
            return known
        self._check_idle()
        turn_id = new_id()
        await self._worker.reserve(turn_id)
        try:
            turn = self.submit(text, request_id=request_id, when_busy="raise", turn_id=turn_id, **options)
        except Exception:
            await self._worker.reservation.release(turn_id)
            raise
        if turn.id == turn_id:
            turn.patient = False
        else:  # the same request was made in between
            await self._worker.reservation.release(turn_id)
        return turn

    def _check_idle(self) -> None:
        if self.busy:
            name = self._tree.conversation.name
            raise BusyError(f"The session {name!r} runs another turn.", hint="Wait for it, stop it, or let it queue.")

    def edit(
        self, message_id: str, text: str, *, request_id: str | None = None, model: str = "", without: Collection[int] = ()
    ) -> Turn:
        """Ask a question anew in other words, beside the old one, with what was attached to it, but for the parts at the places
        `without`; returns its turn. Raises UsageError for a message that is no question, else as `submit` does."""
        if (known := self._known(request_id)) is not None:
            return known
        message = self._message(message_id)
        if message.role != "user":
            raise UsageError("This message is no question.", hint="An answer is changed with edit_reply(message_id, text).")
        turn = Turn(self._session, _question(text), request_id or new_id(), model=model, place=Place(parent=message.parent))
        kept = (part for at, part in enumerate(message.parts) if at not in without)
        turn.attachments = tuple(part for part in kept if isinstance(part, ImagePart | FilePart))
        return self._enqueue(turn)

    def regenerate(self, message_id: str | None = None, *, request_id: str | None = None, model: str = "") -> Turn:
        """Ask again for an answer (default: the last one), beside the old one, or in its place where nothing had come; returns
        the turn. A question's id asks for a further answer to it. Raises UsageError for an answer that still runs."""
        if (known := self._known(request_id)) is not None:
            return known
        return self._again("regenerate", message_id, request_id, model)

    def resume(self, message_id: str | None = None, *, request_id: str | None = None, budget: Any = None) -> Turn:
        """Go on with an answer (default: the last one) where it was cut; returns the turn. It is made with the parameters of
        its beginning, and by that one's model and within its budget if they were the last turn's own (`budget` is another one).
        Where nothing had come, it is asked for again in its place. Where it is whole when its turn has come (somebody else went
        on with it), the turn ends with it, and nothing is asked. Raises UsageError for an answer that is whole, or still runs."""
        if (known := self._known(request_id)) is not None:
            return known
        target = self._message(message_id) if message_id is not None else self._last()
        if target.role == "assistant" and target.whole:
            raise UsageError(
                "This answer is complete: there is nothing to go on with.", hint="regenerate() asks for another one."
            )
        if target.role == "assistant" and target.model is None:
            raise UsageError("This answer was written by hand.", hint="regenerate() asks the model for one.")
        last = self.turn
        own = last if last is not None and last.answer is not None and last.answer.id == target.id else None
        most = amount_of(budget) if budget is not None or own is None else own.budget
        return self._again("resume", target.id, request_id, "" if own is None else own.model, most)

    def _again(
        self, kind: TurnKind, message_id: str | None, request_id: str | None, model: str, budget: Decimal | None = None
    ) -> Turn:
        target = self._message(message_id) if message_id is not None else self._last()
        running = self.turn if self.turn is not None and self.turn.status == "running" else None
        if running is not None and running.answer is not None and running.answer.id == target.id:
            raise UsageError("This answer still runs.", hint="Stop it first.")
        asked = target if target.role == "user" else self._tree.get(target.parent or "")
        if asked is None or asked.role != "user":
            raise UsageError("This answer has no question that could be asked again.", hint="Ask it in words of yours.")
        place = Place(target=target.id)
        turn = Turn(self._session, asked.text, request_id or new_id(), model=model, kind=kind, place=place, budget=budget)
        return self._enqueue(turn)

    @property
    def _session(self) -> Session:
        return cast("Session", self)

    def _known(self, request_id: str | None) -> Turn | None:
        self._check_open()  # else nobody would ever take the turn from the queue
        known = None if request_id is None else self._by_request.get(request_id)
        return None if known is None or known.status == "ended" else known  # one that was removed is not known any more

    def _enqueue(self, turn: Turn) -> Turn:
        if turn.model:
            self._ports.provider(model_named(turn.model)[0])
        turn.callers = callers()
        self._by_request[turn.request_id] = turn
        self._worker.add(turn)
        self._leases.touch()
        self.emit("turn-queued", turn)
        self.emit("queue-changed", turn)
        return turn

    def _last(self) -> Message:
        if not self._tree.path:
            raise UsageError(f"Nothing was asked in {self._tree.conversation.name!r} yet.", hint="Ask something first.")
        return self._tree.path[-1]

    def requeue(self, turn_id: str, text: str) -> bool:
        """Change the words of a waiting question; False when it is not waiting (any more). Raises UsageError for an empty one."""
        text = _question(text)
        for turn in self.queue:
            if turn.id == turn_id and turn.kind == "ask":
                turn.text = text
                self.emit("queue-changed", turn)
                return True
        return False

    def unqueue(self, turn_id: str) -> bool:
        """Remove a waiting turn; False when it is not waiting (any more)."""
        for turn in self.queue:
            if turn.id == turn_id:
                self._by_request.pop(turn.request_id, None)
                self._worker.remove(turn)
                self.emit("queue-changed", turn)
                return True
        return False

    async def stop_request(self, request_id: str) -> None:
        """Stop the turn with this request id, or take it from the queue; does nothing when there is none (any more)."""
        turn = self._by_request.get(request_id)
        if turn is not None:
            await self.stop(turn)

    async def stop_own(self) -> None:
        """Stop what was asked in this kernel, and take what waits from the queue; another kernel's answer goes on."""
        if self.turn is None or self.turn.status == "ended" or self.turn.producer is None:
            await self.stop(queue=True)
        for waiting in self.queue:
            self.unqueue(waiting.id)

    async def stop(self, turn: Turn | None = None, *, queue: bool = False, at_once: bool | None = None) -> None:
        """Stop `turn` (default: the running one, in whichever kernel); returns when its request is closed and its partial saved.

        With `queue` the waiting turns are removed too. Does nothing when there is nothing to stop. `at_once`: see `TurnRun.stop`.
        Raises BusyError where another kernel runs it and does not react.
        """
        coming = self._worker.coming
        for waiting in self.queue:
            if (queue or waiting is turn) and waiting is not coming:
                self.unqueue(waiting.id)
        if turn is None or turn is self.turn or turn is coming:
            await self._worker.stop(at_once=at_once, take_back=queue or (turn is not None and turn is coming))


def _question(text: object) -> str:
    """Return the question as it can be sent; raises UsageError for an empty one."""
    question = text_of(text, "A question")
    if not question.strip():
        raise UsageError("The question is empty.", hint="Write something after %chat, or in the box, and send again.")
    return question
