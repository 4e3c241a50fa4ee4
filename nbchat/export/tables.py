"""Table: rows that display well: HTML in a notebook, columns in a terminal, a pandas DataFrame where pandas is installed."""

from __future__ import annotations

import datetime
import html
import importlib
import importlib.util
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbchat.export.csv_text import csv_text

__all__ = ["Table", "dataframe", "local_time", "plain_html"]


_DELIMITERS = re.compile(r"[$\\]")
_MOST_SHOWN = 200
"""Rows of a table that are shown: what is displayed is saved with the notebook, and a catalogue may have thousands."""


class Table(list[dict[str, Any]]):
    """A list of rows (dicts with the same keys) that displays as a table: the first 200 of them, and how many more there are."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], *, empty: str = "Nothing yet.") -> None:
        super().__init__(dict(row) for row in rows)
        self._empty = empty

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """Write the rows to a CSV file (UTF-8), as a DataFrame would; without a path return them as text."""
        text = csv_text(self)
        if path is None:
            return text
        Path(path).expanduser().write_bytes(text.encode("utf-8", "replace"))
        return None

    @property
    def _more(self) -> str:
        """What is said of the rows that are not shown."""
        left = len(self) - _MOST_SHOWN
        return f"… and {left:,} more: search, or go through the rows." if left > 0 else ""

    def _columns(self) -> list[str]:
        return list(self[0]) if self else []

    def _repr_html_(self) -> str:
        if not self:
            return f"<em>{plain_html(self._empty)}</em>"
        head = "".join(f"<th style='text-align:left'>{plain_html(name)}</th>" for name in self._columns())
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{plain_html(_show(v))}</td>" for v in row.values()) + "</tr>"
            for row in self[:_MOST_SHOWN]
        )
        more = f"<em>{plain_html(self._more)}</em>" if self._more else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"

    def __repr__(self) -> str:
        if not self:
            return self._empty
        names = self._columns()
        rows = [names, *([_show(value) for value in row.values()] for row in self[:_MOST_SHOWN])]
        widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, self._more] if self._more else lines)


def dataframe(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return the rows as a pandas DataFrame, or as a Table where pandas is not installed.

    Whole numbers stay whole where some are missing, amounts stay Decimal, and times are times, in the reader's zone.
    """
    given = [dict(row) for row in rows]
    if importlib.util.find_spec("pandas") is None:
        return Table(given)
    pandas = importlib.import_module("pandas")
    frame = pandas.DataFrame(given)
    for name in frame.columns:
        values = [row[name] for row in given]
        counts = {type(value) for value in values} - {type(None)}
        if None in values and (counts == {int} or (not counts and name.endswith("_tokens"))):
            frame[name] = frame[name].astype("Int64")  # else one that is missing makes all of them floats
        elif values and all(isinstance(value, datetime.datetime) for value in values):
            zone = importlib.import_module("dateutil.tz").tzlocal()  # pandas needs dateutil itself
            frame[name] = pandas.to_datetime(frame[name], utc=True).dt.tz_convert(zone)  # else two offsets make them objects
    return frame


def local_time(seconds: float) -> datetime.datetime:
    """Return seconds since the epoch as a time in the reader's zone."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).astimezone()


def _show(value: Any) -> str:
    return "–" if value is None else ("no", "yes")[value] if isinstance(value, bool) else str(value)


def plain_html(text: str) -> str:
    r"""Return the text as HTML in which nothing is a tag or a formula.

    JupyterLab typesets "$0 in, $0" and `\(x\)` in HTML, too (MathJax; lab 4.6). It looks for both ends of a formula in the text
    of one element, so one that has its beginning in an element of its own is none.
    """
    return _DELIMITERS.sub(r"<span>\g<0></span>", html.escape(text))
