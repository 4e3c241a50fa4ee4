"""Which conversation a name means: the notebook's own until `--new` begins another one, also in later kernels."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["conversation_for"]


async def conversation_for(services: Services, name: str, *, new: bool, notebook: bool) -> str:
    """Return the name of the conversation to talk in; on the loop.

    `notebook` says that `name` is a notebook's: it stands for the newest conversation that was begun for it.
    """
    settings, key = services.ports.settings, f"notebook {name}"
    if new:
        found = await _free(services, name)
        if notebook:
            await settings.set(key, found)
        return found
    current = (await settings.settings()).get(key) if notebook else None
    return current if isinstance(current, str) and current else name


async def _free(services: Services, name: str) -> str:
    """Return `name`, or where that is taken `name 2`, `name 3`, ..."""
    for number in itertools.count(1):
        candidate = name if number == 1 else f"{name} {number}"
        taken = services.manager.get(candidate) is not None  # a private one, which no database knows
        if not taken and await services.ports.store.find(candidate) is None:
            return candidate
    raise AssertionError("unreachable: numbers do not end")
