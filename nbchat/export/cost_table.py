"""CostTable: sums of the ledger as `%nbchat cost` shows them: numbers to the right, a total, shares, marks that are explained."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from nbchat.core.cost import Cost, format_cost, sum_cost
from nbchat.core.usage import Usage, sum_usage
from nbchat.export.money import By
from nbchat.export.tables import Table, plain_html

__all__ = ["CostTable"]

_HEADS = ("requests", "tokens in", "cached", "tokens out", "cost", "share")
_SHORT_HEADS = ("requests", "in", "cached", "out", "cost", "share")
_LEGEND = {"~": "~ estimated", "≥": "≥ at least: a part is not known", "–": "– not known"}
_MARKS = {"reported": "", "estimated": "~", "partial": "≥", "unknown": "~"}
_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR = 6
"""Characters of a whole bar in text."""
_CELL = "padding:2px 10px;text-align:{};white-space:nowrap;font-variant-numeric:tabular-nums;background:none"
_MOST_NAME, _LEAST_NAME = 48, 16
"""Characters of a name, in a page and at least."""
_SCREEN = 80
"""Columns of a terminal: names give way to figures."""
_TRACK = "display:inline-block;width:72px;height:6px;border-radius:3px;margin-right:8px;vertical-align:middle;"
_COLOUR = "var(--jp-brand-color1,#1f62c4)"


class CostTable(Table):
    """Rows of `summed_rows(..., by)`, the most expensive first (days in their order)."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], by: By, *, since: str = "") -> None:
        given = [dict(row) for row in rows]
        if by != "day":
            given.sort(key=lambda row: (row["currency"] != "USD", row["currency"], -(row["cost"] or 0), -row["requests"]))
        super().__init__(given, empty="Nothing was asked yet." if not since else f"Nothing was asked since {since}.")
        self._by = by
        self._since = since
        self._totals = _totals(given)

    def _repr_html_(self) -> str:
        if not self:
            return super()._repr_html_()
        rows = "".join(_html_row(self._name(row), self._cells(row), self._share(row), _MOST_NAME) for row in self)
        line = "border-top:1px solid var(--jp-border-color1,#bbb);font-weight:600"
        totals = "".join(_html_row("all", self._cells(row), None, _MOST_NAME, line) for row in self._totals)
        names = (self._by, *_HEADS)
        heads = "".join(f"<th scope='col' style='{_CELL.format(_side(at))}'>{name}</th>" for at, name in enumerate(names))
        legend = self._legend()
        note = f"<p style='margin:4px 10px;font-size:smaller;opacity:.75'>{plain_html(legend)}</p>" if legend else ""
        caption = f"<caption style='text-align:left;padding:2px 10px'>{plain_html(self._caption())}</caption>"
        table = f"<table style='border-collapse:collapse;margin:0'>{caption}<thead><tr>{heads}</tr></thead>"
        return f"<div>{table}<tbody>{rows}</tbody><tfoot>{totals}</tfoot></table>{note}</div>"

    def __repr__(self) -> str:
        if not self:
            return super().__repr__()
        lines = [(self._name(row), *self._cells(row), _text_share(self._share(row))) for row in self]
        totals = [("all", *self._cells(row), "") for row in self._totals]
        every = [(self._by, *_SHORT_HEADS), *lines, *totals]
        widths = [max(len(line[at]) for line in every) for at in range(len(every[0]))]
        rest = sum(widths[1:], 2 * (len(widths) - 1))
        widths[0] = min(widths[0], max(_SCREEN - rest, _LEAST_NAME))
        shown = [_text_row((_shortened(line[0], widths[0]), *line[1:]), widths) for line in every]
        rule = "─" * sum(widths, 2 * (len(widths) - 1))
        legend = [self._legend()] if self._legend() else []
        return "\n".join([self._caption(), shown[0], *shown[1 : len(lines) + 1], rule, *shown[len(lines) + 1 :], *legend])

    def _caption(self) -> str:
        return f"Tokens and money by {self._by}" + (f", since {self._since}" if self._since else "")

    def _name(self, row: Mapping[str, Any]) -> str:
        return " ".join(str(row.get("name") or row[self._by]).split()) or "(none)"

    def _cells(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        mark = _MARKS[row["token_certainty"]]
        counts = [_count(row[name], mark) for name in ("input_tokens", "cached_tokens", "output_tokens")]
        return (f"{row['requests']:,}", *counts, format_cost(_cost(row)))

    def _share(self, row: Mapping[str, Any]) -> Decimal | None:
        """What of the total in its currency a row is, from 0 to 1; None where nobody can say."""
        total = next((each["cost"] for each in self._totals if each["currency"] == row["currency"]), None)
        return row["cost"] / total if total and row["cost"] is not None and len(self) > 1 else None

    def _legend(self) -> str:
        shown = "".join("".join(self._cells(row)) for row in [*self, *self._totals])
        return " · ".join(text for mark, text in _LEGEND.items() if mark in shown)


def _totals(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each currency."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["currency"], []).append(row)
    return [_total(group) for _, group in sorted(groups.items(), key=lambda each: (each[0] != "USD", each[0]))]


def _total(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    cost = sum_cost(_cost(row) for row in rows)
    usage = sum_usage(
        Usage(row["input_tokens"], row["cached_tokens"], None, row["output_tokens"], None, row["token_certainty"]) for row in rows
    )
    return {
        "requests": sum(row["requests"] for row in rows),
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "token_certainty": usage.certainty,
        "cost": cost.amount,
        "currency": rows[0]["currency"],
        "certainty": cost.certainty,
    }


def _cost(row: Mapping[str, Any]) -> Cost:
    return Cost(row["cost"], row["certainty"], "", row["currency"])


def _count(count: int | None, mark: str) -> str:
    return "–" if count is None else f"{mark}{count:,}"


def _side(at: int) -> str:
    return "left" if at in (0, len(_HEADS)) else "right"


def _shortened(name: str, most: int) -> str:
    """A long name without its middle: of many alike, beginnings and ends tell one from the other."""
    end = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - end]}…{name[-end:]}"


def _html_row(name: str, cells: Iterable[str], share: Decimal | None, most: int, line: str = "") -> str:
    shown = "".join(f"<td style='{_CELL.format('right')};{line}'>{plain_html(cell)}</td>" for cell in cells)
    short = _shortened(name, most)
    whole = "" if short == name else f" title='{html.escape(name)}'"
    head = f"<th scope='row'{whole} style='{_CELL.format('left')};font-weight:inherit;{line}'>{plain_html(short)}</th>"
    return f"<tr>{head}{shown}<td style='{_CELL.format('left')};{line}'>{_html_share(share)}</td></tr>"


def _html_share(share: Decimal | None) -> str:
    """A bar of the share's length, and the share in words: colour alone tells nobody."""
    if share is None:
        return ""
    percent = f"{share * 100:.0f}"
    fill = f"background:linear-gradient(to right,{_COLOUR} {percent}%,rgba(128,128,128,.22) {percent}%)"
    return f"<span aria-hidden='true' style='{_TRACK}{fill}'></span>{_percent(share)}"


def _text_share(share: Decimal | None) -> str:
    if share is None:
        return ""
    eighths = int(share * _BAR * 8)
    bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
    return f"{bar.ljust(_BAR)} {_percent(share):>5}"


def _percent(share: Decimal) -> str:
    return "<1 %" if 0 < share < Decimal("0.01") else f"{share * 100:.0f} %"


def _text_row(line: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(
        cell.ljust(width) if _side(at) == "left" else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(line, widths, strict=True))
    ).rstrip()
