"""Conversations, the ledger and settings on disk. Knows no provider, no stream, no view. Importing it loads no sqlite3."""

from nbchat.storage.fallback import FallbackStore
from nbchat.storage.opening import Store, open_store
from nbchat.storage.place import Place, find_place
from nbchat.storage.store import SqliteStore

__all__ = ["FallbackStore", "Place", "SqliteStore", "Store", "find_place", "open_store"]
