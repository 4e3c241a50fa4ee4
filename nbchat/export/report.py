"""Report: findings on one screen, as text of at most 100 columns and as a quiet HTML table that suits light and dark pages."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import replace

from nbchat.core.findings import Finding
from nbchat.core.secrets import Secret
from nbchat.export.tables import plain_html
from nbchat.providers.errors import excerpt

__all__ = ["WIDTH", "Report"]

WIDTH = 100
"""Columns of the text."""
_ABOUT = 10
_MARKS = {"ok": "✓", "note": "·", "wrong": "✗"}
_COLOURS = {
    "ok": "var(--jp-success-color1, #2e8b57)",
    "note": "inherit",
    "wrong": "var(--jp-error-color1, #d0453a)",
}
_CELL = "text-align:left; vertical-align:top; padding:.15em .8em .15em 0; background:none; border:0; white-space:normal;"


class Report(tuple[Finding, ...]):
    """Findings in their order, under a headline that counts what is to be done; displays as text and as HTML.

    Made by `of`, which takes the given secrets out of every word.
    """

    __slots__ = ()

    @classmethod
    def of(cls, findings: Iterable[Finding], secrets: Iterable[Secret] = ()) -> Report:
        """Return the report of these findings without any of the secrets, and without characters that cannot be seen: what a
        server or a certificate says is among them."""
        known = tuple(secrets)
        return cls(replace(each, text=excerpt(each.text, known), hint=excerpt(each.hint, known)) for each in findings)

    @property
    def headline(self) -> str:
        """What it comes to, in a few words."""
        wrong = sum(each.state == "wrong" for each in self)
        notes = sum(each.state == "note" for each in self)
        to_do = f"{wrong} thing{'s' * (wrong != 1)} to do" if wrong else "All well"
        return to_do + (f"; {notes} note{'s' * (notes != 1)}." if notes else ".")

    def __repr__(self) -> str:
        lines = [self.headline]
        for each in self:
            head, rest = f"{_MARKS[each.state]} {each.about:<{_ABOUT}} ", " " * (_ABOUT + 3)
            lines += textwrap.wrap(each.text, WIDTH, initial_indent=head, subsequent_indent=rest, break_on_hyphens=False)
            if each.hint:
                lines += textwrap.wrap(
                    each.hint, WIDTH, initial_indent=rest + "→ ", subsequent_indent=rest + "  ", break_on_hyphens=False
                )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(_row(each) for each in self)
        return (
            f"<div><strong>{plain_html(self.headline)}</strong></div>"
            f"<table style='border-collapse:collapse; border:0; margin:.4em 0; font-size:.95em'><tbody>{rows}</tbody></table>"
        )


def _row(each: Finding) -> str:
    hint = f"<div style='opacity:.72'>→ {plain_html(each.hint)}</div>" if each.hint else ""
    return (
        f"<tr style='background:none'><td style='{_CELL} color:{_COLOURS[each.state]}'>{_MARKS[each.state]}</td>"
        f"<td style='{_CELL} opacity:.72; white-space:nowrap'>{plain_html(each.about)}</td>"
        f"<td style='{_CELL} overflow-wrap:anywhere'>{plain_html(each.text)}{hint}</td></tr>"
    )
