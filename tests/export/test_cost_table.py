"""What `%nbchat cost` shows, and the CSV beside it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

from nbchat.export.cost_table import CostTable
from nbchat.export.money import summed_rows
from nbchat.export.tables import Table
from tests.support.records import spent

RECORDS = [
    spent("0.251"),
    spent(None, certainty="unknown"),
    spent("0.749", session="planets", day=2),
    spent("0.0031", session="<b>guess</b>", certainty="estimated"),
]


def test_numbers_stand_to_the_right_with_a_total_and_marks_that_are_explained() -> None:
    """The most expensive first; shares as bars and in words."""
    text = repr(CostTable(summed_rows(RECORDS, "session"), "session", since="2026-11-01"))
    assert text.splitlines() == [
        "Tokens and money by session, since 2026-11-01",
        "session       requests     in  cached    out      cost  share",
        "planets              1  1,200     400    300     $0.75  ████▍   75 %",
        "notes                2  2,400     800    600    ≥$0.25  █▌      25 %",
        "<b>guess</b>         1  1,200     400    300  ~$0.0031          <1 %",
        "─" * 68,
        "all                  4  4,800   1,600  1,200    ≥$1.00",
        "~ estimated · ≥ at least: a part is not known",
    ]


def test_long_names_give_way_to_figures() -> None:
    """80 columns in a terminal; both ends of a name are shown, which tell one from another, and a page has all of it at hand."""
    names = [f"A rather long title of a notebook, number {number}.ipynb" for number in range(40)]
    table = CostTable(summed_rows([spent("1234.5", session=name) for name in names], "session"), "session")
    lines = repr(table).splitlines()
    assert max(map(len, lines)) <= 80
    assert len({line.split("…")[1][:7] for line in lines if "…" in line}) >= 10
    assert f"title='{names[7]}'" in table._repr_html_()
    assert repr(CostTable(summed_rows([spent("1", session="two\nlines")], "session"), "session")).count("\n") == 4


def test_days_stay_in_their_order_and_each_currency_has_its_total() -> None:
    """A later day is below an earlier one, whatever it cost."""
    table = CostTable(summed_rows([*RECORDS, spent("3", currency="EUR", day=1)], "day"), "day")
    assert [row["day"] for row in table] == ["2026-11-01", "2026-11-01", "2026-11-02"]
    assert [row["currency"] for row in table] == ["USD", "EUR", "USD"]
    assert [line.split()[-1] for line in repr(table).splitlines() if line.startswith("all")] == ["≥$1.00", "€3.00"]


def test_the_html_is_a_table_with_heads_and_nothing_of_names_in_it() -> None:
    """Names come from anybody; a screen reader is told heads of rows and columns, and shares in words."""
    page = CostTable(summed_rows(RECORDS, "session"), "session")._repr_html_()
    assert "<b>" not in page
    assert page.count("scope='col'") == 7
    assert page.count("scope='row'") == 4
    assert page.count("aria-hidden='true'") == 3
    assert "75 %" in page


def test_an_empty_ledger_is_a_sentence() -> None:
    """Also for a time in which nothing was asked."""
    assert repr(CostTable([], "session")) == "Nothing was asked yet."
    assert "since 2026-11-01" in CostTable([], "session", since="2026-11-01")._repr_html_()


def test_csv_has_every_digit_and_runs_nothing(tmp_path: Path) -> None:
    """RFC 4180; a name that a spreadsheet would take for a formula is text; numbers are as they are."""
    names = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\tx", "\uff1d1", 'a "b", c\nd', "Zoë"]
    table = Table({"name": name, "cost": Decimal("1E-7"), "tokens": None, "change": -1} for name in names)
    assert table.to_csv(tmp_path / "sums.csv") is None
    written = (tmp_path / "sums.csv").read_bytes()
    assert written.decode() == table.to_csv()
    assert written.startswith(b"name,cost,tokens,change\r\n'=HYPERLINK(1),0.0000001,,-1\r\n")
    read = list(csv.reader(io.StringIO(written.decode(), newline="")))
    assert [row[0] for row in read[1:]] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(1)", "'\tx", "'\uff1d1", 'a "b", c\nd', "Zoë"]
    assert {tuple(row[1:]) for row in read[1:]} == {("0.0000001", "", "-1")}
