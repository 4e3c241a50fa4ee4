"""What browsers do with messages and turns: ask, edit, resume, switch, hide, delete, stop, consent. On the loop.

Each may raise ChatError, which is told to the view that asked. A `client_id` is the request's id: a message that comes twice
attaches to the turn that the first one made. Where the view goes afterwards is the hub's matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from nbchat.core.errors import ChatError, UsageError
from nbchat.core.messages import Message, part_to_json
from nbchat.notebook import wire
from nbchat.notebook.attachments import read_attachments
from nbchat.notebook.branches import path_of
from nbchat.notebook.context_answers import context_of
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["MESSAGE_INTENTS", "live_session"]

_Do: TypeAlias = "Callable[[Services, View, Mapping[str, Any]], Awaitable[Json | None]]"
_DECISIONS = ("once", "session", "deny")
_MOST_TOKENS = 10_000_000


async def live_session(services: Services, view: View) -> Session:
    """Return the view's session; one that was closed is opened again, and the hub moves the view to it."""
    session = view.session
    if not session.closed:
        return session
    if session.private:
        raise ChatError(
            "This private conversation was closed, and nothing of it was kept.", kind="not_found", hint="Begin another one."
        )
    found = await services.ports.store.get(session.id)
    if found is None:
        raise ChatError("This conversation was deleted.", kind="not_found", hint="Show another: nbchat.session(name).widget")
    return await services.manager.open(found.name)  # which it may have been given since


def _message(session: Session, message_id: str) -> Message:
    found = session.message(message_id)
    if found is None or found.deleted:
        raise UsageError("This message is not there any more.", hint="Perhaps it was deleted in another view.")
    return found


# ---------------------------------------------------------------- asking


def _once(ask: _Do) -> _Do:
    """Answer a request that this view has made before as then."""

    async def asked(services: Services, view: View, data: Mapping[str, Any]) -> Json | None:
        turn = view.taken.get(data["client_id"])
        return await ask(services, view, data) if turn is None else wire.sent(data["client_id"], turn)

    return asked


async def _send(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    async with view.sending:
        if (taken := view.taken.get(data["client_id"])) is not None:  # a copy of the one before
            return wire.sent(data["client_id"], taken)
        return await _sent(services, view, data)


async def _sent(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    attachments = (*await context_of(services, view, data), *read_attachments(data.get("attachments")))
    session = await live_session(services, view)
    where: dict[str, Any] = {}
    if view.turn is None and view.branch is not None and not view.asked:  # else it goes behind what was asked before
        path = path_of(view)
        where = {"parent": path[-1].id} if path else {}
    turn = session.submit(data["text"], request_id=data["client_id"], attachments=attachments, **where)
    return _asked(services, view, data, turn)


async def _edit(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """A question with other words is asked, without those of its parts that were taken away; an answer with other words is kept
    beside the old one."""
    session = await live_session(services, view)
    message, client = _message(session, data["message"]), data["client_id"]
    if message.role == "user":
        given = data.get("without")
        without = [at for at in given if isinstance(at, int)] if isinstance(given, list) else []
        return _asked(services, view, data, session.edit(message.id, data["text"], request_id=client, without=without))
    view.take(client, "")
    try:
        edited = await session.edit_reply(message.id, data["text"])
    except BaseException:
        view.taken.pop(client, None)
        raise
    services.hub.switch(view, edited)
    return wire.sent(client, "")


async def _regenerate(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    session, model = await live_session(services, view), data.get("model")
    label = model if isinstance(model, str) else ""
    if (turn := _unsaid(session, view, data["message"])) is not None:
        return _asked_anew(services, view, data, session, turn, label)
    message = _message(session, data["message"])
    return _asked(services, view, data, session.regenerate(message.id, request_id=data["client_id"], model=label))


async def _resume(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    session = await live_session(services, view)
    if data.get("drop") is True:  # what does not fit is left out from now on
        await session.set_when_full("drop")
    if (turn := _unsaid(session, view, data["message"])) is not None:
        return _asked_anew(services, view, data, session, turn)
    message = _message(session, data["message"])
    return _asked(services, view, data, session.resume(message.id, request_id=data["client_id"]))


async def _alone(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """Ask a question again as the first one of a branch of its own: nothing of the history is sent with it."""
    session = await live_session(services, view)
    message = _message(session, data["message"])
    asked = message if message.role == "user" else _message(session, message.parent or "")
    turn = session.submit(asked.text, request_id=data["client_id"], parent=None, attachments=asked.attachments)
    return _asked(services, view, data, turn)


def _unsaid(session: Session, view: View, message_id: str) -> Turn | None:
    """Return a cell's turn that never came into the conversation (taken from the queue, refused at its start), if it is meant."""
    turn = view.turn
    known = turn is None or turn.status != "ended" or session.message(message_id) is not None
    return None if known or view.branch is not None else turn


def _asked_anew(services: Services, view: View, data: Mapping[str, Any], session: Session, old: Turn, model: str = "") -> Json:
    client, label = data["client_id"], model or old.model
    given: dict[str, Any] = {"model": label, "parameters": old.parameters, "budget": old.budget, "attachments": old.attachments}
    turn = session.submit(old.text, request_id=client, cell=old.cell, **given)
    return _asked(services, view, data, turn)


def _asked(services: Services, view: View, data: Mapping[str, Any], turn: Turn) -> Json:
    view.take(data["client_id"], turn.id)
    services.hub.asked(view, turn)
    return wire.sent(data["client_id"], turn.id)


# ---------------------------------------------------------------- turns that run or wait


async def _stop(services: Services, view: View, data: Mapping[str, Any]) -> None:
    """Stop the turn that is meant: a stop comes on two ways, and its late copy must not hit the turn after it."""
    session, meant = view.session, data.get("turn")
    turn = view.turn or session.turn
    if meant is not None and turn is not None and meant != turn.id:
        turn = session.turn  # a cell whose next turn waits may still show the one that runs
        if turn is None or meant != turn.id:
            return
    counting = services.ports.drain_seconds() > 0
    services.hub.reply(view, wire.stopping(None if turn is None else turn.id, counting=counting))
    await session.stop(None if view.turn is None else turn, at_once=data.get("at_once") is True)


async def _unqueue(_services: Services, view: View, data: Mapping[str, Any]) -> None:
    view.session.unqueue(data["turn"])


async def _requeue(_services: Services, view: View, data: Mapping[str, Any]) -> None:
    if not view.session.requeue(data["turn"], data["text"]):
        raise UsageError("This question does not wait any more.", hint="It is being answered, or was taken from the queue.")


async def _approve(_services: Services, view: View, data: Mapping[str, Any]) -> None:
    """Decide about a tool call; one that is gone (decided in another view, stopped) needs no decision."""
    if data["decision"] not in _DECISIONS:
        raise UsageError(f"A tool call cannot be answered by {data['decision']!r}.", hint=f"Say one of: {', '.join(_DECISIONS)}.")
    view.session.tools.decide(data["call"], data["decision"])


# ---------------------------------------------------------------- messages


async def _part(services: Services, view: View, data: Mapping[str, Any]) -> Json | None:
    """Give the content of a picture or file that is being looked at; None where it is gone."""
    message = (await live_session(services, view)).message(data["message"])
    if message is None or not 0 <= data["part"] < len(message.parts):
        return None
    return wire.part(message.id, data["part"], part_to_json(message.parts[data["part"]]))


async def _attached(services: Services, view: View, data: Mapping[str, Any]) -> None:
    """A question that is being written in this view has so many tokens of files with it: its outlook counts them."""
    view.attached = min(max(data["tokens"], 0), _MOST_TOKENS)
    services.hub.look_ahead(view)


async def _switch(services: Services, view: View, data: Mapping[str, Any]) -> None:
    session = await live_session(services, view)
    services.hub.switch(view, _message(session, data["message"]))


async def _hide(services: Services, view: View, data: Mapping[str, Any]) -> None:
    session = await live_session(services, view)
    await session.hide(_message(session, data["message"]).id, data["hidden"])


async def _delete(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    session = await live_session(services, view)
    return wire.deleted(await session.delete(_message(session, data["message"]).id))


async def _restore(services: Services, view: View, data: Mapping[str, Any]) -> None:
    ids = [each for each in data["messages"] if isinstance(each, str)]
    await (await live_session(services, view)).restore(ids)


MESSAGE_INTENTS: Mapping[str, _Do] = {
    "send": _once(_send),
    "edit": _once(_edit),
    "regenerate": _once(_regenerate),
    "resume": _once(_resume),
    "alone": _once(_alone),
    "stop": _stop,
    "unqueue": _unqueue,
    "requeue": _requeue,
    "approve": _approve,
    "part": _part,
    "attached": _attached,
    "switch": _switch,
    "hide": _hide,
    "delete": _delete,
    "restore": _restore,
}
