"""Rows of a ledger, made by hand."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from nbchat.core.cost import Cost
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import Usage

__all__ = ["noon", "spent"]


def noon(day: int) -> float:
    """Noon of a day in November 2026 where the test runs."""
    return datetime.datetime(2026, 11, day, 12).timestamp()  # noqa: DTZ001 - local, as a reader's day is


def spent(
    amount: str | None,
    *,
    session: str = "notes",
    certainty: str = "reported",
    currency: str = "USD",
    day: int = 1,
    **changes: Any,
) -> RequestRecord:
    """A request of 1,200 tokens in, of which 400 cached, and 300 out."""
    cost = Cost(None if amount is None else Decimal(amount), certainty, "", currency)  # type: ignore[arg-type]
    values: dict[str, Any] = {
        "id": "r",
        "conversation": f"id-{session}",
        "conversation_name": session,
        "turn": "t",
        "message": "m",
        "purpose": "answer",
        "provider": "lab",
        "model": "tiny",
        "status": "complete",
        "started": noon(day),
        "ended": noon(day) + 1,
        "usage": Usage(1200, 400, None, 300),
        "notebook": "planets",
        **changes,
    }
    return RequestRecord(cost=cost, **values)
