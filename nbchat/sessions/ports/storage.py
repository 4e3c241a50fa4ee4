"""The ports towards durable state: conversations, the ledger, settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nbchat.core.conversations import Conversation, ConversationSummary
from nbchat.core.messages import Message, Part
from nbchat.core.models import Provider
from nbchat.core.requests import RequestRecord

__all__ = ["ConversationStore", "RequestLedger", "SettingsStore", "TurnRecord"]


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as storage sees it. `generation` is given by the store when the turn begins and never repeats within a
    conversation. `cell` is the key of the notebook cell that asked, if one did. `owner` is the process that runs it."""

    id: str
    conversation: str
    user_message: str
    assistant_message: str
    request_id: str
    cell: str | None = None
    owner: str = ""
    generation: int = 0
    started: float = 0.0


class ConversationStore(Protocol):
    """Durable conversations and messages. Every method that returned has been committed (or raised StorageError)."""

    async def create(self, conversation: Conversation) -> Conversation:
        """Save a new conversation; where its name is taken, return the one that has it."""
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation by id."""
        ...

    async def find(self, name: str) -> Conversation | None:
        """Return a conversation by its unique name."""
        ...

    async def summaries(self, query: str = "", *, limit: int = 50, offset: int = 0) -> list[ConversationSummary]:
        """Return conversations, last updated first, whose name or title contains `query`."""
        ...

    async def update(self, conversation_id: str, **changes: Any) -> Conversation:
        """Change fields of a conversation; raises UsageError for a name that is taken, KeyError if there is none."""
        ...

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its messages; its ledger rows stay. Idempotent."""
        ...

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return all messages of the tree in order of creation. Those of dead turns come as "interrupted" (see `recover`)."""
        ...

    async def begin_turn(self, turn: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
        """Save, in one transaction, the turn, its user message and its empty streaming answer, and move the head there.

        Returns the turn with its generation and owner. A turn whose `request_id` is known is not begun again: the
        stored one is returned, and its `id` differs from the one given.
        """
        ...

    async def checkpoint(self, turn: TurnRecord, parts: Sequence[Part]) -> None:
        """Save more of a running answer: `parts` is what came since the last checkpoint (append-only pieces: a first
        part of the kind that the answer ended with goes on in that part)."""
        ...

    async def end_turn(self, turn: TurnRecord, message: Message, records: Sequence[RequestRecord]) -> bool:
        """Save the final answer and settle its requests in one transaction; False when the turn had already ended
        (the first end wins and the answer stays as it is; requests that the ledger does not have yet are settled even then,
        because they were made)."""
        ...

    async def turn_of_cell(self, conversation_id: str, cell: str) -> TurnRecord | None:
        """Return the newest turn that the cell with this key asked."""
        ...

    async def recover(self, conversation_id: str | None = None) -> list[str]:
        """Mark the answers of turns whose owner is dead as "interrupted"; returns their message ids. A turn of a living
        process, or one whose lease runs, is never touched. The turn's request gets a ledger row of unknown cost."""
        ...

    async def heartbeat(self) -> None:
        """Renew the lease of this process on its running turns."""
        ...

    async def aclose(self) -> None:
        """Drain the writer and close; idempotent."""
        ...


class RequestLedger(Protocol):
    """Reads the append-only ledger (rows are written by `end_turn` and `settle`)."""

    async def settle(self, record: RequestRecord) -> bool:
        """Append one row that belongs to no turn's end; False when a row with this id exists already."""
        ...

    async def records(self, conversation_id: str | None = None) -> list[RequestRecord]:
        """Return the rows, oldest first, of one conversation or of all."""
        ...


class SettingsStore(Protocol):
    """Settings and configured providers."""

    async def settings(self) -> dict[str, Any]:
        """Return all settings (JSON values by name)."""
        ...

    async def set(self, name: str, value: Any) -> None:
        """Save one setting; None removes it."""
        ...

    async def providers(self) -> list[Provider]:
        """Return the configured providers, oldest first."""
        ...

    async def save_provider(self, provider: Provider) -> None:
        """Save a provider, replacing the one with its id."""
        ...

    async def delete_provider(self, provider_id: str) -> None:
        """Remove a provider; idempotent."""
        ...
