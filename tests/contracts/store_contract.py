"""What every store must do, of all subjects; a backend's file says only how to open it."""

from __future__ import annotations

from tests.contracts.store_conversations import ConversationsContract
from tests.contracts.store_ledger import LedgerContract
from tests.contracts.store_search import SearchContract
from tests.contracts.store_trees import TreesContract
from tests.contracts.store_turns import TurnsContract


class StoreContract(ConversationsContract, TreesContract, SearchContract, TurnsContract, LedgerContract):
    """Inherit and define `open`. What removes things for good is `store_purge`: a store in trouble must not."""
