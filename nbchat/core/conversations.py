"""Conversation: the durable tree's own facts (not its messages)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from nbchat.core.messages import Role

__all__ = ["Conversation", "ConversationSummary", "SearchHit", "WhenFull"]

WhenFull: TypeAlias = Literal["refuse", "drop"]

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation: `name` is unique and chosen by the person (or the notebook), `title` is free text.

    `provider` and `model` are the ids used for the next turn ("" means: the active one in the settings). `parameters` are
    sent with each request as they are. Times are seconds since the epoch (UTC). `head` is the newest message of the
    active path, None while the conversation is empty. `titled` says that a person gave the title: nothing replaces it then.
    An `archived` one is left out of listings unless they ask for it. `budget` is what all its requests together may cost, None
    for no bound. `when_full` says what happens when the history does not fit into the model's context: "refuse", or "drop" the
    oldest messages from what is sent.
    """

    id: str
    name: str
    title: str = ""
    provider: str = ""
    model: str = ""
    system: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=lambda: _NO_PARAMETERS)
    head: str | None = None
    created: float = 0.0
    updated: float = 0.0
    titled: bool = False
    archived: bool = False
    budget: Decimal | None = None
    when_full: WhenFull = "refuse"


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One row of a listing: the conversation, how many messages it has, and whether a turn of it runs somewhere."""

    conversation: Conversation
    messages: int
    running: bool


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One message in which a search found its words: `snippet` is what stands around the first of them (one line, plain
    text, at most 160 characters), `created` is in seconds since the epoch."""

    conversation: Conversation
    message: str
    role: Role
    snippet: str
    created: float
