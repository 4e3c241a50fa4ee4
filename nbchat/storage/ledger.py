"""The ledger in SQL: one row a request, appended once, never changed (the schema's triggers refuse it).

Amounts are text, so that no digit of a decimal is lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from nbchat.core.calibration import CALIBRATION_ROWS, Calibration
from nbchat.core.cost import UNKNOWN_COST, Cost, sum_amounts, sum_cost
from nbchat.core.requests import RequestRecord
from nbchat.core.texts import well_formed
from nbchat.core.usage import Usage, sum_usage
from nbchat.storage.codec import dump, price_from_json
from nbchat.storage.database import Database

__all__ = ["append", "calibration", "costs", "of_interrupted", "records", "settle", "spent"]

_COLUMNS = (
    "id, conversation_id, conversation_name, turn_id, message_id, purpose, provider, model, status, started, ended, "
    "first_token_seconds, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, usage_certainty, "
    "cost_amount, cost_currency, cost_certainty, cost_source, price, raw_usage, "
    "input_audio_tokens, input_image_tokens, output_audio_tokens, output_image_tokens, "
    "notebook, input_characters, output_characters"
)
_LOOKED_AT = 4 * CALIBRATION_ROWS
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))


def append(db: Database, record: RequestRecord) -> bool:
    """Append a row within the caller's transaction; False when its id is there already."""
    usage, cost = record.usage, record.cost
    row = (
        record.id, record.conversation, well_formed(record.conversation_name), record.turn, record.message, record.purpose,
        record.provider, record.model, record.status, record.started, record.ended, record.first_token_seconds,
        usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.output_tokens, usage.reasoning_tokens,
        usage.certainty, None if cost.amount is None else str(cost.amount), cost.currency, cost.certainty, cost.source,
        None if record.price is None else dump(record.price.to_json()),
        None if record.raw_usage is None else well_formed(record.raw_usage),
        usage.input_audio_tokens, usage.input_image_tokens, usage.output_audio_tokens, usage.output_image_tokens,
        well_formed(record.notebook), record.input_characters, record.output_characters,
    )  # fmt: skip
    before = db.sql.total_changes
    db.execute(f"INSERT INTO requests ({_COLUMNS}) VALUES ({_MARKS})", row)
    return db.sql.total_changes > before


def settle(db: Database, record: RequestRecord) -> bool:
    """Append a row in its own transaction."""
    with db.transaction():
        return append(db, record)


def records(db: Database, conversation_id: str | None, since: float | None = None) -> list[RequestRecord]:
    """Return the rows of one conversation, or of all, that began at `since` or later, oldest first."""
    where, values = _where(conversation_id, since)
    return [_record(row) for row in db.rows(f"SELECT {_COLUMNS} FROM requests WHERE {where} ORDER BY position", values)]


def spent(db: Database, conversation_id: str | None, since: float | None = None) -> Decimal:
    """Return what these rows came to in US dollars, as far as it is known; of 100,000 rows in a tenth of a second."""
    where, values = _where(conversation_id, since)
    known = "cost_amount IS NOT NULL AND cost_currency = 'USD'"
    rows = db.rows(f"SELECT cost_amount FROM requests WHERE {known} AND {where}", values)
    return sum_amounts(Decimal(amount) for (amount,) in rows)


def costs(db: Database, conversations: Sequence[str]) -> dict[str, Cost]:
    """Return what each of these conversations has cost (at most a few hundred); one that asked nothing is left out."""
    marks = ", ".join("?" * len(conversations))
    rows = db.rows(
        f"SELECT conversation_id, cost_amount, cost_certainty, cost_currency FROM requests WHERE conversation_id IN ({marks})",
        tuple(conversations),
    )
    found: dict[str, list[Cost]] = {}
    for conversation, amount, certainty, currency in rows:
        cost = Cost(None if amount is None else Decimal(amount), certainty, "", currency)
        found.setdefault(conversation, []).append(cost)
    return {conversation: sum_cost(each) for conversation, each in found.items()}


def _where(conversation_id: str | None, since: float | None) -> tuple[str, tuple[Any, ...]]:
    wanted = {"conversation_id = ?": conversation_id, "started >= ?": since}
    given = {condition: value for condition, value in wanted.items() if value is not None}
    return " AND ".join(given) or "TRUE", tuple(given.values())


def calibration(db: Database, provider: str, model: str) -> Calibration:
    """Return what the newest reported requests to this model teach; only its newest rows are looked at, along the index. A check
    teaches nothing: it is all numbers, which have fewer characters to a token than what people and models say."""
    newest = db.rows(
        "SELECT input_tokens, output_tokens, usage_certainty, input_characters, output_characters FROM requests "
        "WHERE provider = ? AND model = ? AND purpose <> 'check' ORDER BY position DESC LIMIT ?",
        (provider, model, _LOOKED_AT),
    )
    each = (Calibration.of(Usage(row[0], output_tokens=row[1], certainty=row[2]), row[3], row[4]) for row in newest)
    return sum(itertools.islice((found for found in each if found.rows), CALIBRATION_ROWS), Calibration())


def of_interrupted(db: Database, conversation_id: str, message_id: str) -> tuple[Usage, Cost]:
    """Return what an answer came to whose last request nobody can settle: its settled ones (a title's is none), and unknown."""
    found = db.rows(
        f"SELECT {_COLUMNS} FROM requests WHERE conversation_id = ? AND message_id = ? AND purpose != 'title'",
        (conversation_id, message_id),
    )
    rows = [_record(row) for row in found]
    cost = sum_cost([*(row.cost for row in rows), UNKNOWN_COST])
    return sum_usage([*(row.usage for row in rows), Usage(certainty="unknown")]), cost


def _record(row: Sequence[Any]) -> RequestRecord:
    amount, currency, certainty, source, price, raw = row[18:24]
    return RequestRecord(
        id=row[0],
        conversation=row[1],
        conversation_name=row[2],
        turn=row[3],
        message=row[4],
        purpose=row[5],
        provider=row[6],
        model=row[7],
        status=row[8],
        started=row[9],
        ended=row[10],
        first_token_seconds=row[11],
        usage=Usage(*row[12:18], *row[24:28]),
        cost=Cost(None if amount is None else Decimal(amount), certainty, source, currency),
        price=price_from_json(price),
        raw_usage=raw,
        notebook=row[28],
        input_characters=row[29],
        output_characters=row[30],
    )
