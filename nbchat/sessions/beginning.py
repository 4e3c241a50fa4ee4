"""Beginning: the question and the answer that a turn begins with: new ones, or those that it is about, as they stand by now.

Owns the rule that nothing is written over what another kernel has saved meanwhile. Must not know requests, logs or views.
"""

from __future__ import annotations

from dataclasses import replace

from nbchat.core.errors import BusyError, ChatError, UsageError
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.core.parameters import merge
from nbchat.sessions.asked import asked_by, same_question
from nbchat.sessions.catching_up import CatchingUp
from nbchat.sessions.ports import Ports, TurnRecord
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Beginning"]


class Beginning:
    """Finds the messages of one session's turns, when their time has come."""

    def __init__(self, tree: ConversationTree, ports: Ports) -> None:
        self._tree = tree
        self._ports = ports
        self._catching_up = CatchingUp(tree, ports)

    async def messages_for(self, turn: Turn, label: str, now: float) -> tuple[Message, Message]:
        """Return the question and the answer to begin with, which is streaming; or one that is not, where there is nothing to
        ask any more. Raises UsageError when they were deleted, BusyError while another kernel writes on the answer."""
        parameters = merge(self._tree.conversation.parameters, turn.parameters)
        if turn.kind == "ask":
            if turn.reuse and (found := await self._answered(turn)) is not None:
                return found
            parent = await self._parent_for(turn) if turn.place is None else turn.place.parent
            question = Message(new_id(), "user", (*turn.attachments, TextPart(turn.text)), parent, created=now)
            answer = Message(new_id(), "assistant", (), question.id, "streaming", model=label, created=now)
            return question, replace(answer, parameters=parameters)
        assert turn.place is not None
        target = self._tree.get(turn.place.target or "")
        if target is not None and target.role == "assistant" and _is_written_on(turn, target):
            target = await self._as_stored(target)
        question_id = None if target is None else target.id if target.role == "user" else target.parent
        asked = self._tree.get(question_id or "")
        if target is None or asked is None or target.deleted or asked.deleted:
            raise UsageError("This answer was deleted, or its question.", hint="Undo that, or ask again.")
        if turn.kind == "resume" and target.role == "assistant" and target.whole:
            return asked, target  # two have pressed Continue
        if asked.hidden or (turn.kind == "resume" and target.hidden):
            raise UsageError("This is hidden from the model, so it cannot be asked about it.", hint="Show it again first.")
        if turn.kind == "resume" and target.parameters is not None:
            parameters = dict(target.parameters)  # the rest is made as the beginning was
        if target.role == "assistant" and (turn.kind == "resume" or not target.parts):
            answer = replace(target, status="streaming", error=None, finish_reason=None, model=label, parameters=parameters)
            return asked, answer  # nothing had come: asked again in its place, else gone on with
        fresh = Message(new_id(), "assistant", (), asked.id, "streaming", model=label, created=now, parameters=parameters)
        return asked, fresh

    async def attached(self, record: TurnRecord) -> tuple[Message, Message]:
        """Return question and answer of a request that was begun before, by another process: it is not paid for twice. Raises
        UsageError for one of another conversation, ChatError when the answer is not there, BusyError while it is not whole."""
        if record.conversation != self._tree.conversation.id:
            raise UsageError("This request id was used in another conversation.", hint="Give each question an id of its own.")
        stored = await self._ports.store.get(record.conversation)
        await self._catching_up.message(record.assistant_message, stored.head if stored is not None else None)
        question, answer = self._tree.get(record.user_message), self._tree.get(record.assistant_message)
        if question is None or answer is None:
            raise ChatError("This request was answered before, and its answer deleted.", kind="invalid", hint="Ask anew.")
        if answer.status == "streaming":
            raise BusyError("Another kernel is answering this request.", hint="Its answer is saved when it ends.")
        return question, answer

    async def _as_stored(self, answer: Message) -> Message | None:
        """Return an answer that is to be written on as it stands now: another kernel may have gone on with it, or have left
        it behind. Raises BusyError while that kernel lives."""
        await self._ports.store.recover(self._tree.conversation.id)
        await self._catching_up.message(answer.id)
        found = self._tree.get(answer.id)
        if found is not None and found.status == "streaming":
            raise BusyError("Another kernel is receiving this answer.", hint="It is saved when it ends.")
        return found

    async def _parent_for(self, turn: Turn) -> str | None:
        """The cell's earlier question, if it lies on the active path, is branched at its parent; else append."""
        _, question = await self._earlier(turn)
        if question is not None:
            return question.parent
        return self._tree.path[-1].id if self._tree.path else None

    async def _earlier(self, turn: Turn) -> tuple[TurnRecord | None, Message | None]:
        """What the turn's cell asked last in this conversation, and that question, if it lies on the active path."""
        if turn.cell is None:
            return None, None
        record = await self._ports.store.turn_of_cell(self._tree.conversation.id, turn.cell)
        asked = None if record is None else record.user_message
        return record, next((message for message in self._tree.path if message.id == asked), None)

    async def _answered(self, turn: Turn) -> tuple[Message, Message] | None:
        """Return the question that the cell has asked just so, and the answer that stands below it, if that is complete."""
        record, question = await self._earlier(turn)
        if record is None or question is None:
            return None
        path = self._tree.path
        at = path.index(question)
        answer = path[at + 1] if at + 1 < len(path) else None
        if answer is None or answer.role != "assistant" or answer.status != "complete":
            return None
        newest = await self._ports.store.turn_of_cell(self._tree.conversation.id, None)
        if not same_question(asked_by(turn, path[:at]), record.asked, "" if newest is None else newest.asked):
            return None
        turn.reused = True
        return question, answer


def _is_written_on(turn: Turn, answer: Message) -> bool:
    """Whether the turn writes on this answer itself, not beside it; or somebody may be doing so now."""
    return turn.kind == "resume" or not answer.parts or answer.status == "streaming"
