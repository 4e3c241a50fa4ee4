"""Settling a request: what it used and cost, from what the provider said or did not say.

Owns the choice of the figure: the provider's own cost first, else its usage at known prices, else an estimate that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from nbchat.core.cost import Cost, Price, cost_of
from nbchat.core.events import UsageReport
from nbchat.core.usage import Usage, weakest

__all__ = ["Settlement", "is_whole", "settle"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a request used and cost."""

    usage: Usage
    cost: Cost


_NOTHING = Settlement(Usage(input_tokens=0, output_tokens=0), Cost(Decimal(0)))


def settle(report: UsageReport | None, estimate: Usage, price: Price | None, *, billed: bool, ended: bool) -> Settlement:
    """Return usage and cost of one request, of which `report` was said; `estimate` is of what that does not cover.

    `billed` says that the provider may bill it (it answered with a 200), `ended` that the provider ended the answer
    itself: what was reported of an answer that was cut short is at best "estimated", because more may have been billed.
    """
    if not billed:
        return _NOTHING
    if report is None:
        return Settlement(estimate, cost_of(estimate, price))
    whole = ended and is_whole(report)
    usage = report.usage if whole else _with(report.usage, estimate)
    stated = report.cost
    if stated is None or stated.amount is None:
        return Settlement(usage, cost_of(usage, price))
    if ended and stated.certainty != "partial":
        return Settlement(usage, stated)
    # A figure of the moment, or a part of it (a gateway's fee): by the prices it is all of it, and else at least that.
    priced = cost_of(replace(usage, certainty=weakest((usage.certainty, "estimated"))), price)
    return Settlement(usage, priced if priced.amount is not None else replace(stated, certainty="partial"))


def is_whole(report: UsageReport | None) -> bool:
    """Whether a report counts both input and output, and not zero alone."""
    return report is not None and bool(report.usage.total_tokens)


def _with(said: Usage, estimate: Usage) -> Usage:
    """Return a report completed by an estimate of what it does not cover."""
    return replace(
        said,
        input_tokens=said.input_tokens or estimate.input_tokens,
        output_tokens=(said.output_tokens or 0) + (estimate.output_tokens or 0),
        certainty=weakest((said.certainty, estimate.certainty)),
    )
