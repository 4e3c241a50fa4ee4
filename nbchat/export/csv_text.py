"""CSV as RFC 4180 has it: every digit of a decimal, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

__all__ = ["csv_text"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that spreadsheets may run, wide signs too (OWASP, "CSV Injection"). Names of conversations
and models are anybody's."""


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows (with the same keys) as CSV with a header: lines end in CRLF, None is an empty cell, times are ISO 8601.

    A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay as they are.
    """
    written = io.StringIO()
    writer = csv.writer(written)  # the default dialect: commas, CRLF, quotes doubled
    for number, row in enumerate(rows):
        if not number:
            writer.writerow([_cell(name) for name in row])
        writer.writerow([_cell(value) for value in row.values()])
    return written.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"  # not 1E-7
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
