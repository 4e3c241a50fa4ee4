"""Tables: what is said of data frames and series of pandas and polars: shape, columns, types, missing values, the first rows.

Owns which cells are looked at: never more than a bounded number, however large the table is. Imports neither library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from nbchat.notebook.context.describing import built_in
from nbchat.notebook.context.outline import cell

__all__: list[str] = []

_SAMPLE: Final = 10_000
"""Rows that are looked at for missing values, evenly spaced."""
_COLUMNS: Final = 100
_ROWS: Final = 20
_CELL: Final = 60
"""Characters of one cell."""
_NAME: Final = 80


@built_in("pandas:DataFrame")
def _pandas(frame: Any, tokens: int) -> str:
    rows, columns = frame.shape
    seen = frame.iloc[:: -(-rows // _SAMPLE) or 1, :_COLUMNS]
    missing = [int(count) for count in seen.isna().sum()]
    names = [cell(name, _NAME) for name in frame.columns[:_COLUMNS]]
    types = [cell(dtype, _NAME) for dtype in seen.dtypes]
    head = frame.iloc[:_ROWS, :_COLUMNS]
    index = [cell(label, _CELL) for label in head.index]
    values = [[cell(value, _CELL) for value in head.iloc[:, at].tolist()] for at in range(head.shape[1])]
    told = f"DataFrame (pandas): {rows:,} rows × {columns:,} columns"
    return _table(told, rows, columns, len(seen), names, types, missing, [index, *values], tokens)


@built_in("pandas:Series")
def _series(series: Any, tokens: int) -> str:
    return _pandas(series.iloc[:].to_frame(), tokens).replace("DataFrame (pandas)", "Series (pandas)", 1)


@built_in("polars:DataFrame")
def _polars(frame: Any, tokens: int) -> str:
    rows, columns = frame.shape
    seen = frame[:, :_COLUMNS].gather_every(-(-rows // _SAMPLE) or 1)
    names = [cell(name, _NAME) for name in seen.columns]
    types = [cell(dtype, _NAME) for dtype in seen.dtypes]
    missing = [seen[:, at].null_count() for at in range(seen.width)]
    head = frame[:_ROWS, :_COLUMNS]
    values = [[cell(value, _CELL) for value in head[:, at].to_list()] for at in range(head.width)]
    told = f"DataFrame (polars): {rows:,} rows × {columns:,} columns"
    return _table(told, rows, columns, len(seen), names, types, missing, [[str(n) for n in range(head.height)], *values], tokens)


@built_in("polars:Series")
def _polars_series(series: Any, tokens: int) -> str:
    return _polars(series.to_frame(), tokens).replace("DataFrame (polars)", "Series (polars)", 1)


def _table(
    told: str,
    rows: int,
    columns: int,
    seen: int,
    names: Sequence[str],
    types: Sequence[str],
    missing: Sequence[int],
    cells: Sequence[Sequence[str]],
    tokens: int,
) -> str:
    """The words; `cells` are columns of cells, the index first. Columns may take half of the room, rows what is left."""
    room = tokens * 4 - 300
    of = "" if seen == rows else f" of the {seen:,} rows looked at"
    listed = [
        f"- {name}: {kind}" + (f", missing in {count:,}{of}" if count else "")
        for name, kind, count in zip(names, types, missing, strict=True)
    ]
    shown = list(_within(listed, room // 2))
    more = columns - len(shown)
    lines = [told, "", "Columns:", *shown, *([f"- and {more:,} more"] if more else [])]
    if missing and not any(missing):
        lines.append(f"No value is missing in the {seen:,} rows looked at." if of else "No value is missing.")
    width = _width(names, cells, room // 4)
    table = [" | ".join(["", *names[:width]]).strip(), *(" | ".join(row[: width + 1]) for row in zip(*cells, strict=True))]
    written = list(_within(table, room - sum(map(len, lines)) - len(lines)))
    if len(written) > 1:
        which = f"All {rows:,}" if len(written) > rows else f"The first {len(written) - 1:,}"
        of_them = "" if width >= columns else f", {width:,} of the columns"
        lines += ["", f"{which} rows{of_them} (index first):", *written]
    return "\n".join(lines)


def _within(lines: Sequence[str], room: int) -> Iterator[str]:
    """Yield lines as long as there is room."""
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _width(names: Sequence[str], cells: Sequence[Sequence[str]], room: int) -> int:
    """How many columns fit on a line of so many characters; at least one."""
    for at in range(len(names)):
        longest = max([len(names[at]), *map(len, cells[at + 1])])
        room -= longest + 3
        if room < 0 and at:
            return at
    return len(names)
