"""What a request comes to."""

from __future__ import annotations

from decimal import Decimal

from nbchat.core.cost import Cost, Price
from nbchat.core.events import UsageReport
from nbchat.core.messages import Message, TextPart
from nbchat.core.usage import Usage
from nbchat.sessions.settle import settle

PRICE = Price(input=Decimal(2), output=Decimal(10))
ASKED = (Message("q", "user", (TextPart("x" * 400),)),)


def test_the_providers_own_figure_wins() -> None:
    """Its cost is what is on the bill."""
    report = UsageReport(Usage(100, output_tokens=10), Cost(Decimal("0.5"), source="provider"))
    assert settle(report, 0, ASKED, PRICE, billed=True, ended=True).cost == report.cost


def test_a_null_cost_does_not_beat_the_price() -> None:
    """G13: the provider's "null" is no figure."""
    report = UsageReport(Usage(1_000_000, output_tokens=0), Cost(None, "unknown"))
    assert settle(report, 0, ASKED, PRICE, billed=True, ended=True).cost.amount == 2


def test_without_a_report_the_estimate_says_so() -> None:
    """L16: after Stop nobody reports; a quarter of the characters, marked."""
    found = settle(None, 41, ASKED, PRICE, billed=True, ended=False)
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.certainty) == (100, 11, "estimated")
    assert str(found.cost).startswith("~")


def test_a_report_of_a_cut_answer_is_an_estimate() -> None:
    """More may have been billed than was reported before the cut."""
    report = UsageReport(Usage(100, output_tokens=10), Cost(Decimal("0.5")))
    found = settle(report, 0, ASKED, PRICE, billed=True, ended=False)
    assert found.usage.certainty == "estimated"
    assert found.cost.certainty == "estimated"


def test_an_all_zero_report_is_no_report() -> None:
    """L18: some servers send zeros on every chunk."""
    found = settle(UsageReport(Usage(0, output_tokens=0)), 4, ASKED, None, billed=True, ended=True)
    assert found.usage.output_tokens == 1
    assert found.usage.certainty == "estimated"
    assert str(found.cost) == "–"


def test_what_never_left_costs_nothing() -> None:
    """A refused connection or a 401 bills nobody: known to be zero, not unknown."""
    found = settle(None, 0, ASKED, PRICE, billed=False, ended=False)
    assert found.cost == Cost(Decimal(0))
    assert found.usage.total_tokens == 0
