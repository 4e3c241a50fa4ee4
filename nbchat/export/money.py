"""What was used and spent, read from the ledger: one row a request, or sums by what one asks.

Owns which sums there are, and from when on. How they are shown is `cost_table.py`'s matter.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from nbchat.core.cost import sum_cost
from nbchat.core.errors import UsageError
from nbchat.core.usage import sum_usage
from nbchat.export.tables import local_time

if TYPE_CHECKING:
    from nbchat.core.requests import RequestRecord

__all__ = ["By", "Since", "request_rows", "since_seconds", "summed_rows"]

By = Literal["day", "session", "conversation", "model", "provider", "notebook", "purpose"]
Since = str | datetime.date | None
"""A day, as a date or as "2026-11-01"; a moment, as a datetime or as "2026-11-01T18:30"; None for all that there is."""

_KEYS: dict[str, Callable[[RequestRecord], str]] = {
    "day": lambda row: local_time(row.started).strftime("%Y-%m-%d"),
    "session": lambda row: row.conversation_name,
    "conversation": lambda row: row.conversation,
    "model": lambda row: f"{row.provider}/{row.model}",
    "provider": lambda row: row.provider,
    "notebook": lambda row: row.notebook,
    "purpose": lambda row: row.purpose,
}


def since_seconds(since: Since) -> float | None:
    """Return the moment in seconds since the epoch; a day begins at midnight where the reader is. Raises UsageError for what is
    no day and no moment."""
    if since is None:
        return None
    moment: Any = since
    if isinstance(since, str):
        try:
            moment = datetime.datetime.fromisoformat(since.strip())
        except ValueError:
            moment = None
    if isinstance(moment, datetime.date) and not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.combine(moment, datetime.time())
    if not isinstance(moment, datetime.datetime):
        raise UsageError(f"since is a day, not {since!r:.60}.", hint='Write it as "2026-11-01".')
    try:
        return moment.timestamp()
    except (ValueError, OverflowError):  # the year 1
        return 0


def request_rows(records: Iterable[RequestRecord]) -> list[dict[str, Any]]:
    """Return one row a request: when, where, why, of whom, how it ended, tokens and money, with all that the ledger keeps but the
    provider's own words. The columns are told in `nbchat.ledger`."""
    return [_request_row(row) for row in records]


def _request_row(row: RequestRecord) -> dict[str, Any]:
    usage = row.usage
    return {
        "started": local_time(row.started),
        "seconds": max(row.ended - row.started, 0),
        "first_token_seconds": row.first_token_seconds,
        "session": row.conversation_name,
        "notebook": row.notebook,
        "purpose": row.purpose,
        "provider": row.provider,
        "model": f"{row.provider}/{row.model}",
        "status": row.status,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "input_audio_tokens": usage.input_audio_tokens,
        "input_image_tokens": usage.input_image_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "output_audio_tokens": usage.output_audio_tokens,
        "output_image_tokens": usage.output_image_tokens,
        "token_certainty": usage.certainty,
        "cost": row.cost.amount,
        "currency": row.cost.currency,
        "certainty": row.cost.certainty,
        "source": row.cost.source,
        "price": None if row.price is None else json.dumps(row.price.to_json(), ensure_ascii=False),
        "conversation": row.conversation,
        "turn": row.turn,
        "message": row.message,
        "request": row.id,
    }


def summed_rows(records: Iterable[RequestRecord], by: By) -> list[dict[str, Any]]:
    """Return one row a group, in the order of the keys: the key (of a conversation its name, too), requests, tokens, the cost
    (a Decimal, None where nobody knows any of it), its currency and certainty ("partial": at least that much).

    Amounts of different currencies are never added: a group that has several gets a row for each, and what is of unknown cost
    is counted in its first. Raises UsageError for another `by`.
    """
    if by not in _KEYS:
        raise UsageError(f"Cannot sum by {by!r}.", hint=f"Choose one of: {', '.join(get_args(By))}.")
    groups: dict[str, list[RequestRecord]] = {}
    for record in records:
        groups.setdefault(_KEYS[by](record), []).append(record)
    return [_summed(by, key, part) for key in sorted(groups) for part in _currencies(groups[key]).values()]


def _currencies(group: Iterable[RequestRecord]) -> Mapping[str, list[RequestRecord]]:
    """The rows of a group by the currency of their cost, US dollars first; those of unknown cost with the first."""
    known: dict[str, list[RequestRecord]] = {}
    unknown: list[RequestRecord] = []
    for record in group:
        (unknown if record.cost.amount is None else known.setdefault(record.cost.currency, [])).append(record)
    found = {currency: known[currency] for currency in sorted(known, key=lambda each: (each != "USD", each))}
    found.setdefault(next(iter(found), "USD"), []).extend(unknown)
    return found


def _summed(by: By, key: str, group: list[RequestRecord]) -> dict[str, Any]:
    usage = sum_usage(record.usage for record in group)
    cost = sum_cost(record.cost for record in group)
    name = {"name": group[-1].conversation_name} if by == "conversation" else {}
    return {
        by: key,
        **name,
        "requests": len(group),
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "token_certainty": usage.certainty,
        "cost": cost.amount,
        "currency": cost.currency,
        "certainty": cost.certainty,
    }
