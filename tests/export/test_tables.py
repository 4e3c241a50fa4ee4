"""Tables."""

from __future__ import annotations

import importlib.util

import pandas
import pytest

from nbchat.export.tables import Table, dataframe


def test_a_table_lines_up_its_columns_and_shows_unknown_as_a_dash() -> None:
    """Unknown is never an empty cell or a zero."""
    text = repr(Table([{"model": "a/long-name", "cost": None}, {"model": "b", "cost": "$1.00"}]))
    assert text.splitlines() == ["model        cost", "a/long-name  –", "b            $1.00"]


def test_html_is_escaped() -> None:
    """A title can come from a model: it is text."""
    assert "<script>" not in Table([{"title": "<script>alert(1)</script>"}])._repr_html_()


def test_an_empty_table_says_so() -> None:
    """Nothing is a sentence, not an empty frame."""
    assert repr(Table([], empty="No conversations yet.")) == "No conversations yet."


def test_rows_become_a_dataframe_where_pandas_is_and_a_table_where_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas is optional."""
    rows = [{"a": 1}, {"a": 2}]
    assert isinstance(dataframe(rows), pandas.DataFrame)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert dataframe(rows) == rows
