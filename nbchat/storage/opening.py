"""open_store: from a place to a store. Opens no file: the database is opened by the first call, on its own thread."""

from __future__ import annotations

import os
from typing import TypeAlias

from nbchat.sessions.ports import Clock
from nbchat.storage.carrier import TroubleListener
from nbchat.storage.fallback import FallbackStore
from nbchat.storage.place import find_place
from nbchat.storage.store import SqliteStore

__all__ = ["Store", "open_store"]

Store: TypeAlias = SqliteStore | FallbackStore


def open_store(place: str | os.PathLike[str] | None = None, *, clock: Clock, on_trouble: TroubleListener | None = None) -> Store:
    """Return the ConversationStore, RequestLedger and SettingsStore of a path, of "memory:" (nothing is saved), or of the
    default place (see `place`).

    `on_trouble` is called on the loop with what is wrong (kind "storage", text, hint) when the database cannot be opened
    or written, and with None when all is saved again. Raises ConfigError for a place that is no file.
    """
    found = find_place(place)
    store = SqliteStore(found, clock)
    return store if found.in_memory else FallbackStore(store, clock, on_trouble)
