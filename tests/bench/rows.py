"""Row: one measured figure beside its baseline, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Row", "table"]


@dataclass(frozen=True)
class Row:
    """A figure and what it is compared with. `value` is the ratio, or the figure itself where there is no baseline.

    `target` is what `value` must not exceed; None for rows that only inform. `also` is what else was seen in the same run.
    """

    name: str
    what: str
    measured: str
    baseline: str
    value: float
    target: float | None = None
    also: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is met; always true without one."""
        return self.target is None or self.value <= self.target


def table(rows: Iterable[Row]) -> str:
    """Return the rows as lines of text under a heading."""
    heading = ("", "benchmark", "what", "measured", "baseline", "value", "target", "also")
    lines = [heading]
    for row in rows:
        target = "" if row.target is None else f"<= {row.target:g}"
        mark = "" if row.target is None else "ok" if row.met else "MISSED"
        lines.append((mark, row.name, row.what, row.measured, row.baseline, f"{row.value:.3g}", target, row.also))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
