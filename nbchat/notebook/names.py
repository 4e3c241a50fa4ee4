"""Which conversation a name means: the notebook's own until `--new` begins another one, also in later kernels."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbchat.core.messages import Attachment
    from nbchat.notebook.services import Services

__all__ = ["begun_by", "conversation_for"]


async def conversation_for(services: Services, name: str, *, new: bool, notebook: bool, begun: str = "") -> str:
    """Return the name of the conversation to talk in; on the loop.

    `notebook` says that `name` is a notebook's: it stands for the newest conversation that was begun for it. A `new` one has a
    free name, or is the one that was `begun` before.
    """
    settings, key = services.ports.settings, f"notebook {name}"
    if new:
        found = begun or await _free(services, name)
        if notebook:
            await settings.set(key, found)
        return found
    current = (await settings.settings()).get(key) if notebook else None
    return current if isinstance(current, str) and current else name


async def begun_by(
    services: Services, cell: str, text: str, attachments: Iterable[Attachment], model: str, parameters: Mapping[str, Any]
) -> str:
    """Return the name of the conversation that a cell began with just this question when it ran last, "" where there is none."""
    from nbchat.sessions.asked import begins_with

    record = await services.ports.store.turn_of_cell(None, cell)
    if record is None or not begins_with(record.asked, text, attachments, model, parameters):
        return ""
    conversation = await services.ports.store.get(record.conversation)
    return "" if conversation is None else conversation.name


async def _free(services: Services, name: str) -> str:
    """Return `name`, or where that is taken `name 2`, `name 3`, ..."""
    for number in itertools.count(1):
        candidate = name if number == 1 else f"{name} {number}"
        taken = services.manager.get(candidate) is not None  # a private one, which no database knows
        if not taken and await services.ports.store.find(candidate) is None:
            return candidate
    raise AssertionError("unreachable: numbers do not end")
