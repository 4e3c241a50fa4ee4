"""Snapshots: the bounded state of a view, current at the moment of asking.

Owns what a view shows of a session and how much of it is sent at once. Reads the loop's own objects: call it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nbchat.core.cost import format_cost
from nbchat.core.messages import Message, TextPart
from nbchat.core.models import DEMO, split_model
from nbchat.notebook.feed import TurnFeed
from nbchat.notebook.wire import Json
from nbchat.sessions.state import Notice

if TYPE_CHECKING:
    from nbchat.notebook.services import Offer
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["SNAPSHOT_BYTES", "newest", "older", "snapshot_of", "state_of"]

SNAPSHOT_BYTES = 64_000
"""How much of the messages a snapshot or page holds, as JSON; its newest message is always whole."""


DEMO_NOTICE = Notice(
    "info",
    "The demo model answers: a small program on this machine, not a language model.",
    "Nothing leaves this machine until you choose a real one.",
)
"""Shown in threads as long as no other model was chosen."""


def snapshot_of(view: View, feed: TurnFeed | None) -> Json:
    """Return the view's snapshot at the position of `feed`, the newest turn that the view shows (None: no turn yet)."""
    messages, more = newest(_turn_messages(view, feed) if view.turn is not None else _thread_messages(view.session, feed))
    shown = view.turn or (None if feed is None else feed.turn)
    content: Json = {
        "generation": 0 if feed is None else feed.generation,
        "seq": 0 if feed is None else feed.seq,
        "ended": feed is None or feed.ended,
        "turn": None if shown is None else shown.id,
        "messages": [message.to_json() for message in messages],
        "more": more and view.turn is None,
        "subscribers": view.session.state.subscriber_count,
    }
    if view.continues:
        content["continues"] = view.continues
    return content


def _thread_messages(session: Session, feed: TurnFeed | None) -> Sequence[Message]:
    """The active path as of the feed's position: the session's own running answer may be ahead of it."""
    path, running = session.path, session.turn
    ahead: set[str] = set()
    if running is not None and running.status == "running":
        ahead = {message.id for message in (running.question, running.answer) if message is not None}
    if feed is None:
        return [message for message in path if message.id not in ahead]
    told = {message.id: message for message in feed.messages}
    return [told.get(message.id, message) for message in path if message.id in told or message.id not in ahead]


def _turn_messages(view: View, feed: TurnFeed | None) -> Sequence[Message]:
    turn = view.turn
    assert turn is not None
    if feed is not None and feed.seq:
        return feed.messages
    if turn.status != "ended":
        return ()
    if turn.question is not None and turn.answer is not None:  # answered by another process, or before this hub was made
        return (turn.question, turn.answer)
    asked = Message(f"{turn.id}-question", "user", (TextPart(turn.text),))
    answer = turn.answer or Message(f"{turn.id}-answer", "assistant", status="stopped")
    return (asked, replace(answer, parent=asked.id))


def newest(messages: Iterable[Message]) -> tuple[list[Message], bool]:
    """Return the newest messages, oldest first, that make up at most `SNAPSHOT_BYTES` of JSON; and whether some are left."""
    taken: list[Message] = []
    room = SNAPSHOT_BYTES
    for message in reversed(list(messages)):
        room -= len(json.dumps(message.to_json(), ensure_ascii=False).encode("utf-8", "replace"))
        if room < 0 and taken:
            return taken[::-1], True
        taken.append(message)
    return taken[::-1], False


def older(path: Sequence[Message], before: str) -> tuple[list[Message], bool]:
    """Return the newest of the messages before the one with this id; nothing when it is not on the path."""
    for index, message in enumerate(path):
        if message.id == before:
            return newest(path[:index])
    return [], False


def state_of(session: Session, turn: Turn | None, offers: Iterable[Offer]) -> Json:
    """Return the small synced values."""
    state = session.state
    notice = session.notice
    if notice is None and turn is None and split_model(session.model)[0] == DEMO:
        notice = DEMO_NOTICE
    queue = [waiting for waiting in session.queue if turn is None or waiting is turn]
    return {
        "status": state.status if turn is None else _turn_status(turn, state.status),
        "title": session.conversation.title or session.name,
        "model": session.model,
        "usage": state.usage.to_json(),
        "cost": format_cost(state.cost),
        "notice": None if notice is None else notice.to_json(),
        "offers": [{"id": offer.id, "text": offer.text, "detail": offer.detail} for offer in offers],
        "queue": [{"turn": waiting.id, "text": waiting.text} for waiting in queue],
    }


def _turn_status(turn: Turn, session_status: str) -> str:
    if turn.status == "queued":
        return "submitted"
    if turn.status == "running":
        return session_status
    return "error" if turn.answer is not None and turn.answer.status in ("error", "interrupted") else "idle"
