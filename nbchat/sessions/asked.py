"""Asked: what a cell asked, in a form that can be kept and compared: is this the question that was answered before?

A question is the same if its text and attachments are, the options that stood in its cell, and the messages that lie before it,
as the model would be sent them. The conversation's model, system prompt, parameters and tools (what a model is told of them) are
its own and may change between two cells, so they count as unchanged where they are what they were then, or what they were when a
cell last asked: after a restart the first cell finds what the last one left. Where they were changed since, whoever changed them
wants other answers.

In doubt the answer is "no": a question too many costs money, but an answer to another question misleads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from nbchat.core.messages import Attachment, Message, Part
from nbchat.sessions.history import history_for
from nbchat.sessions.turn import Turn

__all__ = ["Asked", "asked_by", "begins_with", "same_question"]


class Asked(NamedTuple):
    """What was asked: digests of the question with what lies before it (`question`) and of the conversation's system prompt,
    parameters and tools (`manner`); and `model`, the label of its model, "" where the cell named one itself."""

    question: str
    model: str
    manner: str

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False)


def asked_by(turn: Turn, before: Iterable[Message]) -> Asked:
    """Return what a turn asks below these messages, oldest first, as things stand."""
    conversation = turn.session.conversation
    sent = (value for message in history_for(before, None) for value in (message.role, *message.parts))
    question = _digest(turn.model, dict(turn.parameters), *turn.attachments, turn.text, *sent)
    model = "" if turn.model else turn.session.model
    tools = [[each.name, each.description, dict(each.parameters)] for each in turn.session.tools.specs]
    return Asked(question, model, _digest(conversation.system or "", dict(conversation.parameters), *tools))


def begins_with(asked: str, text: str, attachments: Iterable[Attachment], model: str, parameters: Mapping[str, Any]) -> bool:
    """Whether what was kept of a question says that it was this one, with nothing before it."""
    before = _read(asked)
    return before is not None and before.question == _digest(model, dict(parameters), *attachments, text)


def same_question(now: Asked, then: str, newest: str) -> bool:
    """Whether a cell asks now what it asked `then`; `newest` is what a cell of the conversation asked last."""
    before, last = _read(then), _read(newest)
    if before is None or before.question != now.question:
        return False
    known = [before] if last is None else [before, last]
    return any(each.manner == now.manner for each in known) and (not now.model or any(each.model == now.model for each in known))


def _read(text: str) -> Asked | None:
    """What `str(asked)` made; None for turns of before that was kept."""
    return Asked(*json.loads(text)) if text else None


def _digest(*values: Any) -> str:
    """Of parts the texts as they are: a picture has megabytes, and this runs between two tokens of other answers."""
    found = blake2b(digest_size=16)
    for value in values:
        fields = [value] if not isinstance(value, Part) else [getattr(value, name) for name in value.__slots__]
        for each in fields:
            data = (each if isinstance(each, str) else json.dumps(each, sort_keys=True)).encode("utf-8", "surrogatepass")
            found.update(b"%d:" % len(data))
            found.update(data)
    return found.hexdigest()
