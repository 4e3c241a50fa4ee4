"""What was used and spent, read from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from nbchat.core.cost import format_cost, sum_cost
from nbchat.core.errors import UsageError
from nbchat.core.usage import sum_usage
from nbchat.export.tables import local_time

if TYPE_CHECKING:
    from nbchat.core.requests import RequestRecord

__all__ = ["By", "request_rows", "summed_rows"]

By = Literal["day", "session", "model", "provider"]
_KEYS: dict[str, Callable[[RequestRecord], str]] = {
    "day": lambda row: local_time(row.started).strftime("%Y-%m-%d"),
    "session": lambda row: row.conversation_name,
    "model": lambda row: f"{row.provider}/{row.model}",
    "provider": lambda row: row.provider,
}


def request_rows(records: Iterable[RequestRecord]) -> list[dict[str, Any]]:
    """Return one row a request: when, session, purpose, model, status, tokens, cost (Decimal or None) and its certainty."""
    return [
        {
            "started": local_time(row.started),
            "session": row.conversation_name,
            "purpose": row.purpose,
            "model": f"{row.provider}/{row.model}",
            "status": row.status,
            "input_tokens": row.usage.input_tokens,
            "cached_tokens": row.usage.cached_tokens,
            "output_tokens": row.usage.output_tokens,
            "reasoning_tokens": row.usage.reasoning_tokens,
            "cost": row.cost.amount,
            "certainty": row.cost.certainty,
            "source": row.cost.source,
        }
        for row in records
    ]


def summed_rows(records: Iterable[RequestRecord], by: By) -> list[dict[str, Any]]:
    """Return one row a group: its key, requests, tokens, and the cost as it is displayed. Raises UsageError for another `by`."""
    if by not in _KEYS:
        raise UsageError(f"Cannot sum by {by!r}.", hint=f"Choose one of: {', '.join(_KEYS)}.")
    groups: dict[str, list[RequestRecord]] = {}
    for record in records:
        groups.setdefault(_KEYS[by](record), []).append(record)
    rows = []
    for key, group in sorted(groups.items()):
        usage = sum_usage(record.usage for record in group)
        rows.append(
            {
                by: key,
                "requests": len(group),
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cost": format_cost(sum_cost(record.cost for record in group)),
            }
        )
    return rows
