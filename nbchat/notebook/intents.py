"""Intents: what browsers ask for, done on the loop. Each failure is told to the view that asked; none reaches the stream.

What they do with messages and turns stands in `message_intents.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.core.models import Model
from nbchat.core.price import format_price
from nbchat.export.listings import engine_of, format_bytes
from nbchat.notebook import assets, wire
from nbchat.notebook.message_intents import MESSAGE_INTENTS, live_session
from nbchat.notebook.models import every_model
from nbchat.notebook.snapshot import older
from nbchat.notebook.unfold import fold, seen, unfolded
from nbchat.notebook.wire import Json, read_intent

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View

__all__ = ["handle"]

_WORDS = 200
"""Characters of a model's description that the page can search: catalogues have hundreds of models with a page of prose each."""
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
        inner = unfolded(services.hub, view, intent.data["message"])
        if inner is not None:
            handle(services, inner, intent.data["message"])
    elif intent.op == "fold":
        fold(services.hub, view)
    else:
        services.background.spawn(_guarded(services, view, _DO[intent.op], intent.data))


async def _guarded(services: Services, view: View, do: _Do, data: Mapping[str, Any]) -> None:
    try:
        reply = await do(services, view, data)
    except ChatError as error:
        reply = wire.refused(error.info, _client(data))
    except Exception as error:
        _log.exception("what a browser asked for failed")
        info = ErrorInfo("internal", f"nbchat failed at this ({type(error).__name__}).", "The log of the kernel has the details.")
        reply = wire.refused(info, _client(data))
    if reply is not None:
        services.hub.reply(view, reply)


def _client(data: Mapping[str, Any]) -> str | None:
    given = data.get("client_id")
    return given if isinstance(given, str) else None


async def _page(_services: Services, view: View, data: Mapping[str, Any]) -> Json:
    messages, more = older(view, data["before"])
    return wire.page(messages, more=more, before=data["before"], path=view.path)


async def _models(services: Services, _view: View, _data: Mapping[str, Any]) -> Json:
    """Ask every configured provider, at once: opening the picker is what a person does for that."""
    models, errors = await every_model(services)
    recent = services.manager.recent_models
    first = sorted((model for model in models if model.label in recent), key=lambda model: recent.index(model.label))
    rest = [model for model in models if model.label not in recent]
    return wire.models([*(_row(model, recent=True) for model in first), *map(_row, rest)], errors[0] if errors else None)


def _row(model: Model, *, recent: bool = False) -> Json:
    price = model.price
    known = price is not None and (price.input is not None or price.output is not None)
    shown = f"${format_price(price, 'input')} in, ${format_price(price, 'output')} out per million tokens" if known else None
    row: Json = {"id": model.label, "name": model.name or model.id, "context_length": model.context_length, "price": shown}
    more = {
        "can": sorted(model.capabilities),
        "about": "; ".join(filter(None, (format_bytes(model.size) if model.size else "", engine_of(model)))),
        "words": " ".join((model.description[:_WORDS], *model.tags)),
        "recent": recent,
    }
    return row | {name: value for name, value in more.items() if value}


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
_DO: Mapping[str, _Do] = {
    **MESSAGE_INTENTS,
    "page": _page,
    "models": _models,
    "model": _model,
    "title": _title,
    "choose": _choose,
    "asset": _asset,
}
