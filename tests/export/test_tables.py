"""Tables."""

from __future__ import annotations

import importlib.util
import re

import pandas
import pytest

from nbchat.core.conversations import Conversation, SearchHit
from nbchat.export.listings import search_table
from nbchat.export.tables import Table, dataframe


def test_a_table_lines_up_its_columns_and_shows_unknown_as_a_dash() -> None:
    """Unknown is never an empty cell or a zero."""
    text = repr(Table([{"model": "a/long-name", "cost": None}, {"model": "b", "cost": "$1.00"}]))
    assert text.splitlines() == ["model        cost", "a/long-name  –", "b            $1.00"]


def test_a_long_table_shows_its_beginning_and_how_much_there_is() -> None:
    """What is displayed is saved with the notebook; the rows are all there."""
    table = Table({"model": f"m{n}"} for n in range(10_000))
    for shown in (repr(table), table._repr_html_()):
        assert "m199" in shown
        assert "m200" not in shown
        assert "9,800 more" in shown
    assert (len(table), len(str(table.to_csv()).splitlines())) == (10_000, 10_001)
    assert "more" not in repr(Table({"model": f"m{n}"} for n in range(200)))


def test_html_is_escaped() -> None:
    """A title can come from a model: it is text."""
    assert "<script>" not in Table([{"title": "<script>alert(1)</script>"}])._repr_html_()


def test_prices_are_no_formula() -> None:
    """JupyterLab typesets what stands between two signs of one element."""
    shown = Table([{"a $ b $": "~$0.04, and $0.03 is left of \\(x\\)"}])._repr_html_()
    assert "~<span>$</span>0.04, and <span>$</span>0.03" in shown
    assert "<span>\\</span>(x<span>\\</span>)" in shown
    assert re.findall(r"[$\\](?!</span>)", shown) == []


def test_an_empty_table_says_so() -> None:
    """Nothing is a sentence, not an empty frame."""
    assert repr(Table([], empty="No conversations yet.")) == "No conversations yet."


def test_rows_become_a_dataframe_where_pandas_is_and_a_table_where_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas is optional."""
    rows = [{"a": 1}, {"a": 2}]
    assert isinstance(dataframe(rows), pandas.DataFrame)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert dataframe(rows) == rows


def test_search_hits_are_rows() -> None:
    """A hit says where, who, what and when, in the order of the search; nothing found is a sentence."""
    hits = [SearchHit(Conversation("c", name), f"m{name}", "user", "the <b>words</b>", 1_760_000_000.0) for name in "ba"]
    table = search_table(hits)
    assert [(row["conversation"], row["found"], row["message"]) for row in table] == [
        ("b", "the <b>words</b>", "mb"),
        ("a", "the <b>words</b>", "ma"),
    ]
    assert "<b>words" not in table._repr_html_()
    assert repr(search_table([])) == "Nothing found."
