"""Answers: what a view is told when somebody looks closer: models to choose from, where the money went, a file. On the loop.

Each returns what goes into the reply, or raises ChatError, which is said where it was asked. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from nbchat.core.models import Model, matching
from nbchat.core.price import format_price
from nbchat.export.listings import engine_of, format_bytes
from nbchat.notebook.branches import path_of
from nbchat.notebook.exports import export_piece, export_to_folder
from nbchat.notebook.models import every_model
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View

__all__ = ["ANSWERS"]

_Answer: TypeAlias = "Callable[[Services, View, Mapping[str, Any]], Awaitable[Json]]"
_MODELS = 100
"""Models in a reply: a catalogue of 10,000 is two megabytes, and nobody reads beyond a screen."""


async def _models(services: Services, _view: View, data: Mapping[str, Any]) -> Json:
    """The models with all these words, those asked last first; every configured provider is asked, at once: opening the picker is
    what a person does for that."""
    models, errors = await every_model(services)
    places = {label: place for place, label in enumerate(services.manager.recent_models)}
    found = matching(models, data["query"])
    recent = sorted((model for model in found if model.label in places), key=lambda model: places[model.label])
    rest = (model for model in found if model.label not in places)
    rows = [*(_row(model, recent=True) for model in recent)]
    rows += [_row(model) for model, _ in zip(rest, range(_MODELS - len(rows)), strict=False)]
    return {"models": rows, "total": len(found), "error": errors[0].to_json() if errors else None}


def _row(model: Model, *, recent: bool = False) -> Json:
    price = model.price
    known = price is not None and (price.input is not None or price.output is not None)
    row: Json = {"id": model.label, "name": model.name or model.id, "context_length": model.context_length}
    more = {
        "price": [_amount(model, "input"), _amount(model, "output")] if known else None,
        "can": sorted(model.capabilities),
        "about": "; ".join(filter(None, (format_bytes(model.size) if model.size else "", engine_of(model)))),
        "recent": recent,
    }
    return row | {name: value for name, value in more.items() if value}


def _amount(model: Model, rate: str) -> str:
    amount = format_price(model.price, rate)
    return amount if amount == "–" else f"${amount}"


async def _breakdown(_services: Services, view: View, _data: Mapping[str, Any]) -> Json:
    """Tokens and money of the whole conversation, and what the next request sends: in a thread on its branch."""
    session = view.session
    spent = await session.breakdown()
    leaf, path = (view.branch, path_of(view)) if view.turn is None else (None, session.path)
    outlook, shares = session.context(leaf, path)
    parts = [{"name": name, "tokens": tokens} for name, tokens in shares.items() if tokens]
    return {**spent.to_json(), "context": {**outlook.to_json(), "parts": parts}}


async def _export(_services: Services, view: View, data: Mapping[str, Any]) -> Json:
    if data.get("save") is True:
        if data["ask"] not in view.taken:  # the same wish may come twice
            view.take(data["ask"], await export_to_folder(view.session, data["form"]))
        return {"path": view.taken[data["ask"]]}
    of = data.get("of")
    return await export_piece(view, data["form"], data["piece"], of if isinstance(of, str) else data["ask"])


ANSWERS: dict[str, _Answer] = {"models": _models, "breakdown": _breakdown, "export": _export}
