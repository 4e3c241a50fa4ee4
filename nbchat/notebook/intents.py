"""Intents: what browsers ask for, done on the loop. Each failure is told to the view that asked; none reaches the stream.

What they do with messages and turns stands in `message_intents.py`, what gets a reply in `answers.py` and
`conversation_answers.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import ChatError, ErrorInfo, UsageError
from nbchat.notebook import assets, wire
from nbchat.notebook.answers import ANSWERS
from nbchat.notebook.context_answers import CONTEXT_ANSWERS
from nbchat.notebook.conversation_answers import CONVERSATION_ANSWERS
from nbchat.notebook.message_intents import MESSAGE_INTENTS, live_session
from nbchat.notebook.snapshot import older
from nbchat.notebook.unfold import fold, seen, unfolded
from nbchat.notebook.wire import Json, read_intent

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View

__all__ = ["handle"]

_log = logging.getLogger("nbchat.notebook")


def handle(services: Services, view: View, content: Any) -> None:
    """Do what a browser asks of a view; what this version does not know is ignored."""
    intent = read_intent(content)
    if intent is None:
        _log.debug("a browser sent what nbchat does not understand")
        return
    if intent.op == "hello":
        seen(services.hub, view, intent.data["page"])
        services.hub.hello(view, intent.data["generation"], intent.data["have"], intent.data["page"])
    elif intent.op == "visible":
        services.hub.visible(view, intent.data["page"], intent.data["visible"])
    elif intent.op == "thread":
        message = read_intent(intent.data["message"])
        inner = None if message is None else unfolded(services.hub, view, message.data)
        if inner is not None:
            handle(services, inner, intent.data["message"])
    elif intent.op == "fold":
        fold(services.hub, view)
    else:
        services.background.spawn(_guarded(services, view, _DO[intent.op], intent.data))


async def _guarded(services: Services, view: View, do: _Do, data: Mapping[str, Any]) -> None:
    try:
        _check_shown(view, data)
        reply = await do(services, view, data)
    except ChatError as error:
        reply = _failed(data, error.info)
    except Exception as error:
        _log.exception("what a browser asked for failed")
        info = ErrorInfo("internal", f"nbchat failed at this ({type(error).__name__}).", "The log of the kernel has the details.")
        reply = _failed(data, info)
    if reply is not None:
        services.hub.reply(view, reply)


def _check_shown(view: View, data: Mapping[str, Any]) -> None:
    """Refuse what was meant for the conversation that this view showed before, unless it was taken then."""
    if data.get("shown", view.session.id) != view.session.id and data.get("client_id") not in view.taken:
        raise UsageError("This view shows another conversation by now.", hint="Send it again if it is meant for this one.")


def _failed(data: Mapping[str, Any], error: ErrorInfo) -> Json:
    ask, client = data.get("ask"), data.get("client_id")
    return wire.denied(ask, error) if isinstance(ask, str) else wire.refused(error, client if isinstance(client, str) else None)


def _answering(answer: _Answer) -> _Do:
    async def answered(services: Services, view: View, data: Mapping[str, Any]) -> Json | None:
        ask = data["ask"]
        if ask in view.answering:  # a page that waits asks again, and a kernel that was busy hears all of it at once
            return None
        view.answering.add(ask)
        try:
            return wire.reply(ask, await answer(services, view, data))
        finally:
            view.answering.discard(ask)

    return answered


async def _page(_services: Services, view: View, data: Mapping[str, Any]) -> Json:
    messages, more = older(view, data["before"])
    return wire.page(messages, more=more, before=data["before"], path=view.path)


async def _model(services: Services, view: View, data: Mapping[str, Any]) -> None:
    await (await live_session(services, view)).set_model(data["model"])


async def _title(services: Services, view: View, data: Mapping[str, Any]) -> None:
    await (await live_session(services, view)).set_title(data["title"])


async def _choose(services: Services, view: View, data: Mapping[str, Any]) -> None:
    await services.choose(data["offer"], view.session)
    services.hub.offers_changed()


async def _asset(_services: Services, _view: View, data: Mapping[str, Any]) -> Json | None:
    name = data["name"]
    return wire.asset(name, assets.code(assets.ASKED[name])) if name in assets.ASKED else None


_Do = Callable[["Services", "View", Mapping[str, Any]], Awaitable[Json | None]]
_Answer = Callable[["Services", "View", Mapping[str, Any]], Awaitable[Json]]
_DO: Mapping[str, _Do] = {
    **MESSAGE_INTENTS,
    **{op: _answering(answer) for op, answer in (ANSWERS | CONTEXT_ANSWERS | CONVERSATION_ANSWERS).items()},
    "page": _page,
    "model": _model,
    "title": _title,
    "choose": _choose,
    "asset": _asset,
}
