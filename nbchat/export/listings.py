"""Rows of what there is: conversations, providers, models; as tables show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbchat.core.conversations import ConversationSummary, SearchHit
from nbchat.core.models import KeyPlace, Model, Provider
from nbchat.core.price import format_price
from nbchat.export.tables import Table, local_time

__all__ = ["conversation_table", "engine_of", "format_bytes", "model_table", "provider_table", "search_table"]


def conversation_table(rows: Iterable[ConversationSummary]) -> Table:
    """Return saved conversations in the order given."""
    return Table((_conversation(row) for row in rows), empty="No conversations yet.")


def provider_table(providers: Iterable[Provider]) -> Table:
    """Return configured providers, with the places of their keys. Proxy and CA bundle are columns where one has its own."""
    found = list(providers)
    proxied, bundled = any(each.proxy for each in found), any(each.ca_bundle for each in found)
    return Table(
        {
            "provider": each.id,
            "name": each.name or None,
            "preset": each.preset,
            "base_url": each.base_url or None,
            "key": _key(each.key),
            **({"proxy": each.proxy or None} if proxied else {}),
            **({"ca_bundle": each.ca_bundle or None} if bundled else {}),
            "enabled": each.enabled,
            "created": _when(each.created),
            "last used": _when(each.last_used),
            "last model": each.last_model or None,
        }
        for each in found
    )


_KEYS = {
    "env": "variable {name}",
    "keyring": "OS keyring, {name}",
    "prompt": "asked for",
    "process": "given to this process",
    "function": "a function of this process",
}


def _key(place: KeyPlace) -> str | None:
    return _KEYS[place.kind].format(name=place.name) if place.kind in _KEYS else None


def _when(seconds: float) -> str | None:
    return local_time(seconds).strftime("%Y-%m-%d %H:%M") if seconds else None


def model_table(models: Iterable[Model]) -> Table:
    """Return models with their prices per million tokens; where some are on a local server, with their size and state too."""
    given = list(models)
    local = any(model.size or model.loaded is not None for model in given)
    return Table(
        (
            {
                "model": model.label,
                "name": model.name,
                "context": model.context_length,
                "input $/M": format_price(model.price, "input"),
                "output $/M": format_price(model.price, "output"),
                "capabilities": ", ".join(sorted(model.capabilities)),
                **({"size": format_bytes(model.size), "state": engine_of(model), "tags": ", ".join(model.tags)} if local else {}),
            }
            for model in given
        ),
        empty="No model matches.",
    )


def format_bytes(count: int | None) -> str:
    """Return a number of bytes as people read it (4.7 GB, decimal), "–" where it is unknown."""
    if count is None:
        return "–"
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 100 or unit == "B" else f"{size:.1f} {unit}"


def engine_of(model: Model) -> str:
    """Return where a local server has the model: "loaded" (with the memory that it takes), "downloaded", "not downloaded", or
    "" where nobody says."""
    if model.loaded:
        return "loaded" if model.memory is None else f"loaded, {format_bytes(model.memory)}"
    return {True: "downloaded", False: "not downloaded", None: ""}[model.downloaded]


def search_table(hits: Iterable[SearchHit]) -> Table:
    """Return what a search found, in the order given."""
    return Table(
        (
            {
                "conversation": hit.conversation.name,
                "who": hit.role,
                "found": hit.snippet,
                "when": local_time(hit.created).strftime("%Y-%m-%d %H:%M"),
                "message": hit.message,
            }
            for hit in hits
        ),
        empty="Nothing found.",
    )


def _conversation(row: ConversationSummary) -> dict[str, Any]:
    return {
        "name": row.conversation.name,
        "title": row.conversation.title,
        "messages": row.messages,
        "running": row.running,
        "updated": local_time(row.conversation.updated).strftime("%Y-%m-%d %H:%M"),
    }
