"""The ports towards durable state: conversations, the ledger, settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from nbchat.core.calibration import Calibration
from nbchat.core.conversations import Conversation, ConversationSummary, SearchHit
from nbchat.core.cost import Cost
from nbchat.core.messages import Message, Part
from nbchat.core.models import Provider
from nbchat.core.requests import RequestRecord

__all__ = ["ConversationStore", "RequestLedger", "SettingsStore", "Standing", "TurnRecord"]


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as storage sees it. `generation` is given by the store when the turn begins and never repeats within a
    conversation. `cell` is the key of the notebook cell that asked, if one did, and `asked` says what it asked (`asked.py`).
    `owner` is the process that runs it. `after` is asked of the store, which does not keep it: the generation of the newest turn
    that whoever begins this one has seen."""

    id: str
    conversation: str
    user_message: str
    assistant_message: str
    request_id: str
    cell: str | None = None
    owner: str = ""
    generation: int = 0
    started: float = 0.0
    asked: str = ""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a conversation stands before a turn begins in it: the turn that runs there now, in whichever living process; the
    generation that the next one gets; and a value that differs from an earlier one when another process may have written in
    between (None: nobody knows)."""

    running: TurnRecord | None = None
    generation: int = 0
    changes: object = None


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

    async def summaries(
        self, query: str = "", *, limit: int = 50, offset: int = 0, archived: bool | None = False
    ) -> list[ConversationSummary]:
        """Return conversations, last updated first, whose name or title contains `query`: those that are not archived,
        with `archived=True` the archived ones, with None all."""
        ...

    async def search(self, text: str, *, conversation_id: str | None = None, limit: int = 50, offset: int = 0) -> list[SearchHit]:
        """Return the messages (of any branch, not the deleted ones) that contain all words of `text`, newest first; the last
        word may be the beginning of one. Text in double quotes is looked for as a phrase. Nothing for a text without words."""
        ...

    async def update(self, conversation_id: str, **changes: Any) -> Conversation:
        """Change fields of a conversation; raises UsageError for a name that is taken, KeyError if there is none."""
        ...

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its messages; its ledger rows stay. Idempotent."""
        ...

    async def purge(self, before: float, *, archived: bool | None = None, keep: Collection[str] = ()) -> int:
        """Remove for good: conversations that were last updated before then (seconds since the epoch; all, the archived ones
        or the others, as in `summaries`; never one with a running turn), and in every other one the messages that are
        deleted, whose children then follow their parents. Conversations in `keep` (ids) are left alone. Ledger rows stay.
        Returns how many conversations went."""
        ...

    async def add_conversation(self, conversation: Conversation, messages: Sequence[Message]) -> Conversation:
        """Save a new conversation with its whole tree (an import, a fork) in one transaction; a name that is taken gets a
        number. Returns it as saved. Ids must be new; raises UsageError where they are not."""
        ...

    async def add_messages(self, conversation_id: str, messages: Sequence[Message], *, head: str) -> None:
        """Add messages that no turn made (a reply that was edited by hand) and move the head; raises UsageError when the
        conversation is gone."""
        ...

    async def mark(
        self, conversation_id: str, message_ids: Sequence[str], *, hidden: bool | None = None, deleted: bool | None = None
    ) -> None:
        """Set or take away marks of messages; None leaves one as it is. Unknown ids are ignored."""
        ...

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return all messages of the tree in order of creation, deleted ones too (marked). Those of dead turns come as
        "interrupted" (see `recover`)."""
        ...

    async def standing(self, conversation_id: str) -> Standing:
        """Return how a conversation stands: cheap, asked before every turn."""
        ...

    async def begin_turn(self, turn: TurnRecord, messages: Sequence[Message]) -> TurnRecord:
        """Save, in one transaction, the turn, its user message and its streaming answer, and move the head there.

        Messages that are there already stay as they are, but for the answer: one that the turn goes on with (resume, retry)
        becomes "streaming" again with the parts that it has, without the error and finish reason that it had.
        Returns the turn with its generation and owner. A turn whose `request_id` is known is not begun again: the
        stored one is returned, and its `id` differs from the one given. At most one turn runs in a conversation, over all
        processes: raises BusyError while another one does (one whose owner is dead is ended as "interrupted" first), and when
        another one has begun behind the one that this is to come `after`.
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

    async def turn_of_cell(self, conversation_id: str | None, cell: str | None) -> TurnRecord | None:
        """Return the newest turn that the cell with this key, or (None) any cell, asked in this conversation, or (None) any. In
        the conversation that has the name of the cell's notebook, also one that the cell asked when that had another name."""
        ...

    async def recover(self, conversation_id: str | None = None) -> list[str]:
        """Mark the answers of turns whose owner is dead as "interrupted"; returns their message ids. A turn of a living
        process, or one whose lease runs, is never touched. The request that ran gets a ledger row of unknown cost: under the
        turn's request id, or, where that is settled already (a turn with tools makes several), under that id and
        "-interrupted"."""
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

    async def records(self, conversation_id: str | None = None, *, since: float | None = None) -> list[RequestRecord]:
        """Return the rows, oldest first, of one conversation or of all; with `since` (seconds since the epoch) those of requests
        that began then or later."""
        ...

    async def spent(self, conversation_id: str | None = None, *, since: float | None = None) -> Decimal:
        """Return what these rows came to in US dollars; unknown costs and other currencies count nothing. Asked before each
        request that has a budget, so it reads no more of the rows than their amounts."""
        ...

    async def costs(self, conversations: Sequence[str]) -> dict[str, Cost]:
        """Return what each of these conversations (ids, at most a few hundred) has cost; one that asked nothing is left out."""
        ...

    async def calibration(self, provider: str, model: str) -> Calibration:
        """Return what the newest `CALIBRATION_ROWS` reported requests to this model teach of characters and tokens."""
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

    async def update_provider(self, provider_id: str, **changes: Any) -> None:
        """Change `enabled`, `last_used`, `last_model` or `learned` of a provider, and nothing else of it: another process may
        have edited the rest. Does nothing if there is none."""
        ...

    async def delete_provider(self, provider_id: str) -> None:
        """Remove a provider; idempotent."""
        ...
