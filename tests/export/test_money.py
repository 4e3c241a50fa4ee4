"""Sums of the ledger: by what one asks, exact, and never over different currencies."""

from __future__ import annotations

import datetime
import json
import time
from decimal import Decimal
from typing import Any, get_args

import pandas
import pytest

from nbchat.api.functions import ledger
from nbchat.core.errors import UsageError
from nbchat.core.price import Price
from nbchat.core.usage import Usage
from nbchat.export.money import By, request_rows, since_seconds, summed_rows
from nbchat.export.tables import dataframe
from tests.support.records import noon, spent


def costs(rows: list[dict[str, Any]]) -> list[tuple[Decimal | None, str, str]]:
    return [(row["cost"], row["currency"], row["certainty"]) for row in rows]


def test_each_sum_counts_every_request_once() -> None:
    """Whatever one sums by, the requests, the tokens and the money are all there, to the last digit."""
    records = [spent("0.1", day=1), spent("0.2", day=2, session="other", model="big"), spent("0.3", purpose="title")]
    for by in get_args(By):
        rows = summed_rows(records, by)
        assert sum(row["requests"] for row in rows) == 3
        assert sum(row["input_tokens"] for row in rows) == 3600
        assert sum(row["cost"] for row in rows) == Decimal("0.6")
    assert [row["day"] for row in summed_rows(records, "day")] == ["2026-11-01", "2026-11-02"]
    assert [row["model"] for row in summed_rows(records, "model")] == ["lab/big", "lab/tiny"]
    assert [row["purpose"] for row in summed_rows(records, "purpose")] == ["answer", "title"]
    assert [(row["conversation"], row["name"]) for row in summed_rows(records, "conversation")] == [
        ("id-notes", "notes"),
        ("id-other", "other"),
    ]


def test_unknown_makes_a_sum_at_least_that_much_and_is_never_zero() -> None:
    """A part that nobody knows is said; where nothing is known there is no number."""
    assert costs(summed_rows([spent("0.5"), spent(None, certainty="unknown")], "session")) == [(Decimal("0.5"), "USD", "partial")]
    assert costs(summed_rows([spent(None, certainty="unknown")], "session")) == [(None, "USD", "unknown")]


def test_currencies_are_never_added() -> None:
    """A group with two has two rows; what is unknown is counted in the first, US dollars before others."""
    records = [spent("1", currency="EUR"), spent("2"), spent(None, certainty="unknown"), spent("4", currency="EUR")]
    rows = summed_rows(records, "session")
    assert costs(rows) == [(Decimal(2), "USD", "partial"), (Decimal(5), "EUR", "reported")]
    assert [row["requests"] for row in rows] == [2, 2]


def test_sums_are_numbers_in_a_dataframe() -> None:
    """Amounts stay Decimal, and counts stay whole where one is missing."""
    records = [spent("0.1"), spent("0.2", session="other", usage=Usage(certainty="unknown"))]
    frame = dataframe(summed_rows(records, "session"))
    assert isinstance(frame, pandas.DataFrame)
    assert frame["cost"].sum() == Decimal("0.3")
    assert str(frame["input_tokens"].dtype) == "Int64"
    assert frame["input_tokens"].sum() == 1200
    assert dataframe(request_rows(records))["notebook"].tolist() == ["planets", "planets"]


def test_columns_of_which_nothing_is_known_have_their_types() -> None:
    """Counts that nobody gave can be added (to nothing); an amount that nobody knows is no whole number."""
    frame = dataframe(request_rows([spent(None, certainty="unknown", usage=Usage(certainty="unknown"))]))
    assert str(frame["input_tokens"].dtype) == "Int64"
    assert frame["cached_tokens"].sum() == 0
    assert frame["cost"].tolist() == [None]
    assert frame["price"].tolist() == [None]


def test_a_request_has_all_that_the_ledger_keeps_of_it() -> None:
    """Ids, times, every kind of token, money with its source, and the price that held then; and every column is told."""
    usage = Usage(100, 10, 20, 50, 5, "estimated", 1, 2, 3, 4)
    price = Price(Decimal("0.10"), Decimal(2), source="prices.json", dated="2026-01-01")
    (row,) = request_rows([spent("0.5", usage=usage, price=price, first_token_seconds=0.25)])
    tokens = [row[name] for name in row if name.endswith("_tokens")]
    assert tokens == [100, 10, 20, 1, 2, 50, 5, 3, 4]
    assert Price.from_json(json.loads(row["price"])) == price
    assert [row[name] for name in ("request", "conversation", "turn", "message")] == ["r", "id-notes", "t", "m"]
    assert [row[name] for name in ("seconds", "first_token_seconds", "provider", "model")] == [1.0, 0.25, "lab", "lab/tiny"]
    assert (row["token_certainty"], row["certainty"]) == ("estimated", "reported")
    assert all(f"`{name}`" in (ledger.__doc__ or "") for name in row)
    assert request_rows([spent("0.5")])[0]["price"] is None


def test_times_are_times_also_where_clocks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of summer and of winter have one type, in the reader's zone."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        frame = dataframe(request_rows([spent("1", started=1_783_000_000.0), spent("1", started=1_795_000_000.0)]))
        assert pandas.api.types.is_datetime64_any_dtype(frame["started"])
        assert [str(each)[-6:] for each in frame["started"]] == ["+02:00", "+01:00"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_since_is_a_day_of_the_readers_or_a_moment() -> None:
    """Days begin at midnight where the reader is."""
    midnight = noon(2) - 12 * 3600
    assert since_seconds("2026-11-02") == since_seconds(datetime.date(2026, 11, 2)) == midnight
    assert since_seconds("2026-11-02T12:00") == noon(2)
    assert since_seconds(datetime.datetime(2026, 11, 2, tzinfo=datetime.timezone.utc)) == 1793577600.0
    assert since_seconds(None) is None
    assert since_seconds("0001-01-01") <= 0  # type: ignore[operator]  # no None
    for wrong in ("yesterday", "", 7, "2026-13-01"):
        with pytest.raises(UsageError, match="since is a day"):
            since_seconds(wrong)  # type: ignore[arg-type]
