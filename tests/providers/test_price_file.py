"""The file of people's own prices: what it says, what is wrong in it, and that it is never lost."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.price import Price, Tier
from nbchat.providers.price_file import PriceFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "prices.json"


def written(path: Path, content: Any) -> PriceFile:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    os.utime(path, (0, 0))
    return PriceFile(path)


def test_what_the_file_says(path: Path) -> None:
    """Numbers and text to the last digit; the label before the model's id; tiers; a currency and a day."""
    prices = written(
        path,
        """{"lab/tiny": {"input": "0.10", "output": 0.4000000000000000000001, "currency": "EUR", "dated": "2026-02-03",
             "tiers": [{"above": 9, "input": 3}, {"above": 5, "input": "2"}]},
            "tiny": {"output": 1, "request": "0.005", "reasoning": null}}""",
    )
    tiers = (Tier(5, Price(Decimal(2))), Tier(9, Price(Decimal(3))))
    own = Price(Decimal("0.10"), Decimal("0.4000000000000000000001"), source="prices.json", dated="2026-02-03", currency="EUR")
    assert prices.price("lab/tiny", "tiny") == Price(
        own.input, own.output, source=own.source, dated=own.dated, currency="EUR", tiers=tiers
    )
    of_all = Price(None, Decimal(1), request=Decimal("0.005"), source="prices.json", dated="1970-01-01")
    assert prices.price("other/tiny", "tiny") == of_all
    assert prices.price("lab/large", "large") is None
    assert (len(prices), prices.problems) == (2, ())


def test_without_a_file_there_are_no_prices(path: Path) -> None:
    """And nothing is wrong."""
    prices = PriceFile(path)
    assert (prices.price("a/b", "b"), prices.problems, len(prices)) == (None, (), 0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "cannot be read"),
        ("[]", "must hold an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"x": 1}', "x: no object"),
        ({"x": {"inptu": 1}}, "x: inptu is no price"),
        ({"x": {"input": -1}}, "x: input is no price"),
        ({"x": {"input": "much"}}, "x: input is no price"),
        ('{"x": {"input": NaN}}', "x: input is no price"),
        ({"x": {"currency": 3}}, "x: currency"),
        ({"x": {"tiers": 3}}, "x: tiers is no list"),
        ({"x": {"tiers": [{"input": 1}]}}, "x: a tier says above"),
        ({"x": {"tiers": [{"above": 1, "request": 1}]}}, "x: request is no price of a tier"),
        (b"\xff\xfe{}".decode("latin-1"), "cannot be read"),
        (" " * 1_000_001, "too large"),
    ],
)
def test_what_is_wrong_is_named_and_harms_nothing_else(path: Path, content: Any, problem: str) -> None:
    """A broken file never raises; a broken entry leaves the others alone."""
    prices = written(path, content)
    assert prices.price("x", "x") is None
    [said] = prices.problems
    assert problem in said
    if isinstance(content, dict):
        assert written(path, {**content, "y": {"input": 1}}).price("lab/y", "y") is not None


def test_a_changed_file_is_read_again(path: Path) -> None:
    """By its time and size; and one that is gone holds nothing."""
    prices = written(path, {"x": {"input": 1}})
    assert prices.price("x", "x") is not None
    path.write_text(json.dumps({"x": {"input": 22}}))
    found = prices.price("x", "x")
    assert found is not None
    assert found.input == 22
    path.unlink()
    assert prices.price("x", "x") is None


def test_a_price_is_written_whole_and_for_its_owner_alone(path: Path) -> None:
    """What others wrote there stays, to the last digit; no other file is left behind."""
    prices = written(path, '{"tiny": {"input": 0.1000}}')
    given = Price(
        Decimal("1.50"), request=Decimal("0.01"), currency="EUR", dated="2026-01-01", tiers=(Tier(7, Price(Decimal(2))),)
    )
    prices.set("lab/tiny", given)
    assert json.loads(path.read_text()) == {
        "tiny": {"input": "0.1000"},
        "lab/tiny": {
            "input": "1.50",
            "request": "0.01",
            "dated": "2026-01-01",
            "currency": "EUR",
            "tiers": [{"above": 7, "input": "2"}],
        },
    }
    assert prices.price("lab/tiny", "tiny") == PriceFile(path).price("lab/tiny", "tiny")
    assert [each.name for each in path.parent.iterdir()] == ["prices.json"]
    assert path.stat().st_mode & 0o777 == 0o600
    prices.set("lab/tiny", None)
    prices.set("never there", None)
    assert [*json.loads(path.read_text())] == ["tiny"]


def test_a_broken_file_is_not_overwritten(path: Path) -> None:
    """What somebody wrote by hand is theirs to correct."""
    prices = written(path, "{ half")
    with pytest.raises(ConfigError) as caught:
        prices.set("lab/tiny", Price(Decimal(1)))
    assert str(path) in str(caught.value)
    assert path.read_text() == "{ half"


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """An error with what to do, and nothing half written."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        PriceFile(tmp_path / "file" / "prices.json").set("x", Price(Decimal(1)))
    assert caught.value.hint
