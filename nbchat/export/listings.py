"""Rows of what there is: conversations, providers, models; as tables show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbchat.core.conversations import ConversationSummary, SearchHit
from nbchat.core.cost import format_price
from nbchat.core.models import Model, Provider
from nbchat.export.tables import Table, local_time

__all__ = ["conversation_table", "model_table", "provider_table", "search_table"]


def conversation_table(rows: Iterable[ConversationSummary]) -> Table:
    """Return saved conversations in the order given."""
    return Table((_conversation(row) for row in rows), empty="No conversations yet.")


def provider_table(providers: Iterable[Provider]) -> Table:
    """Return configured providers, with the places of their keys."""
    return Table(
        {
            "provider": provider.id,
            "name": provider.name,
            "base_url": provider.base_url,
            "key": f"{provider.key.kind} {provider.key.name}".strip(),
        }
        for provider in providers
    )


def model_table(models: Iterable[Model]) -> Table:
    """Return models with their prices per million tokens."""
    return Table(
        (
            {
                "model": model.label,
                "name": model.name,
                "context": model.context_length,
                "input $/M": format_price(model.price, "input"),
                "output $/M": format_price(model.price, "output"),
            }
            for model in models
        ),
        empty="No models listed.",
    )


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
