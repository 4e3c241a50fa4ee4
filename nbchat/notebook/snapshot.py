"""Snapshots: the bounded state of a view, current at the moment of asking.

Owns what a view shows of a session and how much of it is sent at once. Reads the loop's own objects: call it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nbchat.core.cost import format_cost
from nbchat.core.engine import IDLE
from nbchat.core.messages import ImagePart, Message
from nbchat.core.models import DEMO, split_model
from nbchat.export.facts import answered_before
from nbchat.notebook.branches import messages_of, path_of, siblings_of
from nbchat.notebook.wire import Json, light
from nbchat.sessions.state import Notice

if TYPE_CHECKING:
    from nbchat.notebook.services import Offer
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session
    from nbchat.sessions.state import SessionState
    from nbchat.sessions.turn import Turn

__all__ = [
    "SNAPSHOT_BYTES",
    "newest",
    "older",
    "rows_of",
    "saved_snapshot",
    "saved_state",
    "snapshot_of",
    "state_of",
    "told_snapshot",
]

SNAPSHOT_BYTES = 64_000
"""How much of the messages a snapshot or page holds, as JSON; its newest message is always whole."""


DEMO_NOTICE = Notice(
    "info",
    "The demo model answers: a small program on this machine, not a language model.",
    "Nothing leaves this machine until you choose a real one: nbchat.add_provider? in a cell says how.",
)
"""Shown in threads as long as no other model was chosen."""


_BEFORE = 300
"""How many messages before those of a snapshot it names, for pages that hold some of them."""


def told_snapshot(view: View) -> Json:
    """Return the view's snapshot for pages that are there: it says too which older messages they may keep, oldest first.

    Without their text, but with all that may have changed and, in `status` and `seconds`, whether that text is the same.
    """
    content = snapshot_of(view)
    if content["more"]:
        path, first = path_of(view), content["messages"][0]["id"]
        at = next(index for index, message in enumerate(path) if message.id == first)
        content["before"] = [_mark_of(view.session, message) for message in path[max(at - _BEFORE, 0) : at]]
    return content


def _mark_of(session: Session, message: Message) -> Json:
    mark: Json = {"id": message.id, "parent": message.parent, "status": message.status}
    if message.seconds is not None:
        mark["seconds"] = message.seconds
    if message.hidden:
        mark["hidden"] = True
    if beside := siblings_of(session, message):
        mark["siblings"] = beside
    return mark


def snapshot_of(view: View) -> Json:
    """Return the view's snapshot at its newest position."""
    generation, seq, ended = view.position
    messages = messages_of(view)
    # A turn is told whole: the question would be missed, and nothing older can be asked for.
    rows, more = newest(view.session, messages) if view.turn is None else (rows_of(view.session, messages), False)
    content: Json = {
        "generation": generation,
        "seq": seq,
        "ended": ended,
        "path": view.path,
        "turn": view.last_turn if view.turn is None else view.turn.id,
        "messages": rows,
        "more": more,
        "subscribers": view.session.state.subscriber_count,
    }
    if view.turn is not None and view.turn.reused and view.turn.answer is not None:
        content["continues"] = answered_before(view.turn.answer)
    elif view.continues:
        content["continues"] = view.continues
    return content


def saved_snapshot(view: View) -> Json:
    """Return what of the snapshot may stand in synced state, which a saved notebook keeps: of a private session nothing.

    Its pages begin at a position that no view has, and are told the rest in answer to their hello.
    """
    if not view.session.private:
        return snapshot_of(view)
    return {"generation": 0, "seq": 0, "ended": True, "path": 0, "turn": None, "messages": [], "more": False}


def newest(session: Session, messages: Iterable[Message]) -> tuple[list[Json], bool]:
    """Return the newest messages as JSON, oldest first, that make up at most `SNAPSHOT_BYTES`; and whether some are left."""
    taken: list[Json] = []
    room = SNAPSHOT_BYTES
    for message in reversed(list(messages)):
        (row,) = rows_of(session, [message])
        room -= len(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
        if room < 0 and taken:
            return taken[::-1], True
        taken.append(row)
    return taken[::-1], False


def rows_of(session: Session, messages: Iterable[Message]) -> list[Json]:
    """Return messages as JSON, each with its siblings where it has any; of large pictures and files the names alone."""
    rows = []
    for message in messages:
        row = light(message.to_json())
        if beside := siblings_of(session, message):
            row["siblings"] = beside
        rows.append(row)
    return rows


def older(view: View, before: str) -> tuple[list[Json], bool]:
    """Return the newest of the messages before the one with this id; nothing when it is not on the view's path (any more)."""
    path = path_of(view)
    for index, message in enumerate(path):
        if message.id == before:
            return newest(view.session, path[:index])
    return [], False


def state_of(view: View, offers: Iterable[Offer]) -> Json:
    """Return the small synced values.

    Of a private session they hold no words of the conversation: a page's copy of them is saved in the notebook.
    """
    session, turn = view.session, view.turn
    state, facts = session.state, session.conversation
    notice = session.notice
    if notice is None and turn is None and split_model(session.model)[0] == DEMO:
        notice = DEMO_NOTICE
    queue = [waiting for waiting in session.queue if turn is None or waiting is turn]
    running = turn is None or turn.status == "running"  # fifty cells that show their turns are not told of each other's
    approvals = state.approvals if running else ()
    named = facts.titled if session.private else True
    return {
        "conversation": session.id,
        "status": state.status if turn is None else _turn_status(turn, state.status),
        "title": (facts.title if named else "") or session.name,
        "model": session.model,
        "usage": state.usage.to_json(),
        "cost": format_cost(state.cost),
        "notice": None if notice is None else notice.to_json(),
        "offers": [{"id": offer.id, "text": offer.text, "detail": offer.detail} for offer in offers],
        "queue": [_queued(waiting, private=session.private) for waiting in queue],
        "approvals": [approval.to_json() for approval in approvals],
        "engine": (state.engine if running else IDLE).to_json(),
        "private": session.private,
        "kernels": _kernels_of(state),
        "outlook": _outlook_of(view),
    }


def _kernels_of(state: SessionState) -> Json | None:
    """Which kernel runs the turn, where it is another one, and in how many others it is followed; None where neither is so."""
    return {"producer": state.producer, "watchers": state.watchers} if state.producer or state.watchers else None


def _outlook_of(view: View) -> Json | None:
    """What the next question in a thread will come to: of the view's own branch, and as it was while a turn runs."""
    if view.turn is not None:
        return None
    found = view.session.outlook(view.branch, lambda: path_of(view), view.attached)
    if found is not None:
        view.outlook = found.to_json()
    return view.outlook


def _queued(turn: Turn, *, private: bool) -> Json:
    """A turn that waits; one that is about a message that is there already says which. Of a private one no words, nor names."""
    row: Json = {"turn": turn.id, "text": "" if private else turn.text}
    if turn.attachments and not private:
        row["attachments"] = [each.alt if isinstance(each, ImagePart) else each.name for each in turn.attachments]
    about = turn.place.target if turn.place is not None else None
    return row if about is None else row | {"kind": turn.kind, "message": about}


def saved_state(state: Json) -> Json:
    """Return what of it a notebook may keep: the arguments of a tool call that waits for consent are for the view alone."""
    return {**state, "approvals": []}


def _turn_status(turn: Turn, session_status: str) -> str:
    if turn.status == "queued":
        return "submitted"
    if turn.status == "running":
        return session_status
    return "error" if turn.answer is not None and turn.answer.status in ("error", "interrupted") else "idle"
