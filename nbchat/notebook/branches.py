"""Branches: which messages of a conversation's tree a view shows.

A thread follows the conversation's active path, or stands on a branch of its own (`View.branch`). A turn view shows its turn's
question and answer, or, once somebody switched, another answer in that place. Reads the loop's own objects: call it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nbchat.core.messages import Message, TextPart

if TYPE_CHECKING:
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["goes_on", "look_of", "messages_of", "path_of", "places_of", "settle", "siblings_of", "switch"]


def path_of(view: View) -> Sequence[Message]:
    """Return the messages that a view shows, oldest first, as the session has them now."""
    if view.turn is not None:
        return _turn_messages(view, view.turn)
    session, leaf = view.session, view.branch
    path = session.path if leaf is None or session.message(leaf) is None else session.path_through(leaf)
    if leaf is None or any(message.id == leaf for message in path):
        return path
    # the leaf is deleted: what else there is below the nearest message that is left
    return session.path_through(path[-1].id) if path else session.path


def messages_of(view: View) -> Sequence[Message]:
    """Return the same as of the view's newest position: a session's running answer may be ahead of its log."""
    feed = view.newest_feed
    told = {} if feed is None else {message.id: message for message in feed.messages}
    return [_as_told(message, told.get(message.id, message)) for message in path_of(view)]


def _as_told(message: Message, told: Message) -> Message:
    """What the log says of it, with the marks and the place that it has by now."""
    if told is message:
        return message
    return replace(told, parent=message.parent, hidden=message.hidden)


def switch(view: View, message: Message) -> None:
    """Have the view stand on the newest branch through this message; on the active path it follows the conversation again.

    There and back is where the reader was, although below the active path's message there may be a newer branch.
    """
    if view.turn is not None:
        answer = view.turn.answer
        view.branch = None if answer is not None and answer.id == message.id else message.id
        return
    session = view.session
    active = any(each.id == message.id for each in session.path)
    view.branch = None if active else session.path_through(message.id)[-1].id
    settle(view)


def settle(view: View) -> None:
    """A branch that is the active path by now is none of its own."""
    session, leaf = view.session, view.branch
    if view.turn is not None or leaf is None:
        return
    message = session.message(leaf)
    if message is None:
        view.branch = None
    elif not message.deleted:  # of a deleted one the place is kept, for when it is restored
        path, active = session.path_through(leaf), session.path
        if path and active and path[-1].id == active[-1].id:
            view.branch = None


def look_of(view: View) -> int:
    """Return a number that changes with what a view shows besides the text: which messages, which of them hidden, what beside."""
    session = view.session
    return hash(tuple((each.id, each.hidden, tuple(siblings_of(session, each))) for each in path_of(view)))


def siblings_of(session: Session, message: Message) -> list[str]:
    """Return the ids of all messages in this one's place, oldest first; none where it is alone."""
    beside = [each.id for each in session.siblings(message.id)]
    return beside if len(beside) > 1 else []


def goes_on(view: View, parent: str) -> bool:
    """Whether this message is one of a thread's, so that a turn below it goes on from there, or from an earlier place."""
    session, tip = view.session, view.shown[-1] if view.shown else None
    if tip is None or tip == parent:
        return tip == parent
    return session.message(tip) is not None and any(message.id == parent for message in session.path_through(tip))


def places_of(turn: Turn) -> set[str]:
    """Return the ids of a turn's messages and of all beside them: views that show one of them show something else by now."""
    places = [each.id for each in (turn.question, turn.answer) if each is not None]
    return {*places, *(each.id for place in places for each in turn.session.siblings(place))}


def _turn_messages(view: View, turn: Turn) -> Sequence[Message]:
    session = view.session
    own = next((each for each in (turn.answer, turn.question) if each is not None), None)
    through = session.message(view.branch) if view.branch is not None else None
    if through is None and own is not None:
        through = session.message(own.id)
    if through is None:
        return _without_messages(turn)
    if through.role == "assistant" and not through.deleted:
        asked = None if through.parent is None else session.message(through.parent)
        return [each for each in (asked, through) if each is not None and not each.deleted]
    asked = through if through.role == "user" else session.message(through.parent or "")
    if asked is None or asked.deleted:
        return ()
    path = session.path_through(asked.id)
    at = next((index for index, message in enumerate(path) if message.id == asked.id), len(path))
    return [asked, *(message for message in path[at + 1 : at + 2] if message.role == "assistant")]


def _without_messages(turn: Turn) -> Sequence[Message]:
    """A turn that is not in the conversation's tree: it waits, left the queue unsent, failed at its start, or was deleted."""
    if turn.status != "ended":
        return ()
    if turn.question is not None and turn.answer is not None:
        return (turn.question, turn.answer)
    asked = Message(f"{turn.id}-question", "user", (*turn.attachments, TextPart(turn.text)))
    answer = turn.answer or Message(f"{turn.id}-answer", "assistant", status="stopped")
    return (asked, replace(answer, parent=asked.id))
