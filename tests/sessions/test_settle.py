"""What a request comes to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nbchat.core.cost import UNKNOWN_COST, Cost, Price
from nbchat.core.events import UsageReport
from nbchat.core.usage import Usage
from nbchat.sessions.settle import settle

PRICE = Price(input=Decimal(2), output=Decimal(10))
GUESS = Usage(100, output_tokens=11, certainty="estimated")
"""What nobody reported."""


def test_the_providers_own_figure_wins() -> None:
    """Its cost is what is on the bill."""
    report = UsageReport(Usage(100, output_tokens=10), Cost(Decimal("0.5"), source="provider"))
    assert settle(report, GUESS, PRICE, billed=True, ended=True).cost == report.cost


def test_a_null_cost_does_not_beat_the_price() -> None:
    """G13: the provider's "null" is no figure."""
    report = UsageReport(Usage(1_000_000, output_tokens=0), Cost(None, "unknown"))
    assert settle(report, GUESS, PRICE, billed=True, ended=True).cost.amount == 2


def test_without_a_report_the_estimate_says_so() -> None:
    """L16: after Stop nobody reports; what is taken instead is marked."""
    found = settle(None, GUESS, PRICE, billed=True, ended=False)
    assert found.usage == GUESS
    assert str(found.cost).startswith("~")


def test_a_report_of_a_cut_answer_is_an_estimate() -> None:
    """More may have been billed than was reported before the cut: what came later is added."""
    report = UsageReport(Usage(100, 40, output_tokens=10, reasoning_tokens=5))
    found = settle(report, Usage(0, output_tokens=3, certainty="estimated"), PRICE, billed=True, ended=False)
    assert found.usage == Usage(100, 40, None, 13, 5, "estimated")
    assert found.cost.certainty == "estimated"


def test_half_a_report_is_completed_by_the_estimate() -> None:
    """A server that counts the input alone."""
    found = settle(UsageReport(Usage(70, output_tokens=None)), GUESS, PRICE, billed=True, ended=True)
    assert found.usage == Usage(70, output_tokens=11, certainty="estimated")


def test_an_all_zero_report_is_no_report() -> None:
    """L18: some servers send zeros on every chunk."""
    found = settle(UsageReport(Usage(0, output_tokens=0)), GUESS, None, billed=True, ended=True)
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.certainty) == (100, 11, "estimated")
    assert str(found.cost) == "–"


@pytest.mark.parametrize(("price", "shown"), [(PRICE, "~$0.0003"), (None, "≥$0.0001")])
def test_a_part_of_the_bill_is_not_the_bill(price: Price | None, shown: str) -> None:
    """A gateway's fee beside an upstream's unknown bill: by the prices where they are known, else at least the fee."""
    report = UsageReport(Usage(100, output_tokens=10), Cost(Decimal("0.0001"), "partial", "provider"))
    found = settle(report, GUESS, price, billed=True, ended=True)
    assert str(found.cost) == shown
    assert found.usage.certainty == "reported"


@pytest.mark.parametrize(("price", "shown"), [(PRICE, "~$0.0003"), (None, "≥$0.0002")])
def test_a_running_figure_of_a_cut_answer_is_at_least_that(price: Price | None, shown: str) -> None:
    """The provider's own cost in mid-answer, where no price is known, is a lower bound."""
    report = UsageReport(Usage(100, output_tokens=10), Cost(Decimal("0.0002")))
    more = Usage(0, output_tokens=1, certainty="estimated")
    assert str(settle(report, more, price, billed=True, ended=False).cost) == shown


def test_an_estimate_that_lacks_images_is_at_least_that() -> None:
    """A cost is never more certain than the counts behind it."""
    found = settle(None, Usage(100, output_tokens=11, certainty="partial"), PRICE, billed=True, ended=False)
    assert str(found.cost).startswith("≥")


def test_what_never_left_costs_nothing() -> None:
    """A refused connection or a 401 bills nobody: known to be zero, not unknown."""
    found = settle(None, GUESS, PRICE, billed=False, ended=False)
    assert found.cost == Cost(Decimal(0))
    assert found.usage.total_tokens == 0
    assert settle(None, GUESS, None, billed=True, ended=True).cost == UNKNOWN_COST
