"""Table: rows that display well: HTML in a notebook, columns in a terminal, a pandas DataFrame where pandas is installed."""

from __future__ import annotations

import datetime
import html
import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Table", "dataframe", "local_time"]


class Table(list[dict[str, Any]]):
    """A list of rows (dicts with the same keys) that displays as a table."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], *, empty: str = "Nothing yet.") -> None:
        super().__init__(dict(row) for row in rows)
        self._empty = empty

    def _columns(self) -> list[str]:
        return list(self[0]) if self else []

    def _repr_html_(self) -> str:
        if not self:
            return f"<em>{html.escape(self._empty)}</em>"
        head = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in self._columns())
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(_show(v))}</td>" for v in row.values()) + "</tr>"
            for row in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        if not self:
            return self._empty
        names = self._columns()
        rows = [names, *([_show(value) for value in row.values()] for row in self)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def dataframe(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return the rows as a pandas DataFrame, or as a Table where pandas is not installed."""
    if importlib.util.find_spec("pandas") is None:
        return Table(rows)
    return importlib.import_module("pandas").DataFrame([dict(row) for row in rows])


def local_time(seconds: float) -> datetime.datetime:
    """Return seconds since the epoch as a time in the reader's zone."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).astimezone()


def _show(value: Any) -> str:
    return "–" if value is None else ("no", "yes")[value] if isinstance(value, bool) else str(value)
