"""UsageNotes: which of the counts in a stream is the one that holds, and how often it is told.

Owns the order of counts; what one says is `usage_report`'s matter.
"""

from __future__ import annotations

import re

from nbchat.core.events import UsageReport
from nbchat.providers.usage_report import usage_report

__all__ = ["UsageNotes"]

_EVERY = 64  # of servers that count on every chunk: report the first count, then each 64th, and the last
_COUNTS = re.compile(rb'(?:oken|cost)[^:,{}]*:\s*"?[0-9.]*[1-9]').search
"""Tokens or a cost that are not zero. (Some servers add times to their zeros.)"""


class UsageNotes:
    """The last count that is not null or zero holds; counts are cumulative and never added up."""

    def __init__(self) -> None:
        self._last = b""
        self._reported = b""
        self._changes = 0

    def note(self, raw: bytes) -> bool:
        """Take a usage object as it stands on the wire; returns whether it is time for a report."""
        if raw == self._last or not _COUNTS(raw):
            return False
        self._last = raw
        self._changes += 1
        return self._changes % _EVERY == 1

    def report(self) -> UsageReport | None:
        """Return what the last count says, None where it was reported already or says nothing."""
        if self._last == self._reported:
            return None
        self._reported = self._last
        return usage_report(self._last)
