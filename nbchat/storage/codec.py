"""Between values and columns: JSON texts, decimals as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost, Price
from nbchat.core.errors import ErrorInfo, UsageError
from nbchat.core.messages import Message, Part, part_from_json, part_to_json
from nbchat.core.texts import well_formed
from nbchat.core.usage import Usage

__all__ = [
    "CONVERSATION_COLUMNS",
    "MESSAGE_COLUMNS",
    "conversation_from_row",
    "conversation_row",
    "dump",
    "dump_parts",
    "load_parts",
    "message_from_row",
    "message_row",
    "price_from_json",
]

CONVERSATION_COLUMNS = (
    "id, name, title, provider, model, system, parameters, head, created, updated, titled, archived, budget, when_full"
)
MESSAGE_COLUMNS = (
    "id, parent_id, role, parts, status, finish_reason, model, created, usage, cost, error, "
    "parameters, first_token_seconds, seconds, hidden, deleted, omitted"
)

_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dump(value: Any) -> str:
    """Return `value` as JSON text; raises UsageError for what JSON cannot hold."""
    try:
        return well_formed(_encode(value))
    except (TypeError, ValueError) as error:
        raise UsageError(f"this cannot be saved as JSON: {error}") from error


def dump_parts(parts: Sequence[Part]) -> str:
    """Return parts as JSON text."""
    return dump([part_to_json(part) for part in parts])


def load_parts(text: str) -> tuple[Part, ...]:
    """Return the parts that `dump_parts` made."""
    return tuple(part_from_json(part) for part in _decode(text))


def _optional(value: Usage | Cost | ErrorInfo | None) -> str | None:
    return None if value is None else dump(value.to_json())


def message_row(message: Message) -> tuple[Any, ...]:
    """Return the values of `MESSAGE_COLUMNS`."""
    return (
        message.id,
        message.parent,
        message.role,
        dump_parts(message.parts),
        message.status,
        message.finish_reason,
        message.model,
        message.created,
        _optional(message.usage),
        _optional(message.cost),
        _optional(message.error),
        None if message.parameters is None else dump(dict(message.parameters)),
        message.first_token_seconds,
        message.seconds,
        message.hidden,
        message.deleted,
        message.omitted,
    )


def message_from_row(row: Sequence[Any]) -> Message:
    """Return the message of a row that begins with `MESSAGE_COLUMNS`."""
    usage, cost, error, parameters = row[8:12]
    return Message(
        id=row[0],
        parent=row[1],
        role=row[2],
        parts=load_parts(row[3]),
        status=row[4],
        finish_reason=row[5],
        model=row[6],
        created=row[7],
        usage=None if usage is None else Usage.from_json(_decode(usage)),
        cost=None if cost is None else Cost.from_json(_decode(cost)),
        error=None if error is None else ErrorInfo.from_json(_decode(error)),
        parameters=None if parameters is None else _decode(parameters),
        first_token_seconds=row[12],
        seconds=row[13],
        hidden=bool(row[14]),
        deleted=bool(row[15]),
        omitted=row[16],
    )


def conversation_row(conversation: Conversation) -> tuple[Any, ...]:
    """Return the values of `CONVERSATION_COLUMNS`."""
    system = conversation.system
    return (
        conversation.id,
        well_formed(conversation.name),
        well_formed(conversation.title),
        conversation.provider,
        conversation.model,
        None if system is None else well_formed(system),
        dump(dict(conversation.parameters)),
        conversation.head,
        conversation.created,
        conversation.updated,
        conversation.titled,
        conversation.archived,
        None if conversation.budget is None else str(conversation.budget),
        conversation.when_full,
    )


def conversation_from_row(row: Sequence[Any]) -> Conversation:
    """Return the conversation of a row that begins with `CONVERSATION_COLUMNS`."""
    return Conversation(
        id=row[0],
        name=row[1],
        title=row[2],
        provider=row[3],
        model=row[4],
        system=row[5],
        parameters={} if row[6] == "{}" else _decode(row[6]),
        head=row[7],
        created=row[8],
        updated=row[9],
        titled=bool(row[10]),
        archived=bool(row[11]),
        budget=None if row[12] is None else Decimal(row[12]),
        when_full=row[13],
    )


@lru_cache(maxsize=256)  # of a whole ledger nearly all rows have the same few
def price_from_json(text: str | None) -> Price | None:
    """Return the price that `Price.to_json` made, its numbers as decimals."""
    if text is None:
        return None
    return Price.from_json(_decode(text))
