"""Timeouts: how long a request waits for what, and which of it people set.

Owns the numbers; what a missed deadline means is the attempt's matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbchat.core.errors import UsageError

__all__ = ["SETTABLE", "Timeouts", "check_timeouts", "timeouts_of"]

SETTABLE = ("connect", "first_token", "between_tokens")
"""What people set; the rest is of no use to them."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `first_token` counts from the start of an attempt, `between_tokens` from the last token: comments and empty
    chunks are no tokens. `after_finish` is how long usage and [DONE] are waited for after a finish reason."""

    connect: float = 10.0
    first_token: float = 300.0
    between_tokens: float = 120.0
    after_finish: float = 10.0
    error_body: float = 10.0
    models: float = 10.0


def check_timeouts(seconds: Mapping[Any, Any]) -> dict[str, float]:
    """Return the timeouts that a person gives, by their names; raises UsageError for a name or a number that is none."""
    checked = {}
    for name, value in seconds.items():
        if name not in SETTABLE:
            raise UsageError(f"There is no timeout {name!r:.60}.", hint=f"Set one of: {', '.join(SETTABLE)}.")
        if not _is_seconds(value):
            raise UsageError(f"{name} is a number of seconds above 0, not {value!r:.60}.", hint="None sets all of them back.")
        checked[name] = float(value)
    return checked


def timeouts_of(saved: Any) -> Timeouts:
    """Return the timeouts that were saved, as far as they are some: a database may hold anything."""
    found = saved if isinstance(saved, dict) else {}
    return Timeouts(**{name: float(found[name]) for name in SETTABLE if _is_seconds(found.get(name))})


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
