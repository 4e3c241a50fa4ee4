"""Budgets: what a turn, a conversation and a day may cost, checked before anything is sent.

Owns the limits, what is spent of them (read from the ledger), and what is reserved for the requests that run in this process:
two sessions at once cannot both take what is left. Two kernels can: they overshoot a day's budget by at most what runs in the
other. Amounts in other currencies than US dollars, and unknown ones, are not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nbchat.core.cost import Cost, Price, cost_of, format_cost
from nbchat.core.errors import ChatError, UsageError
from nbchat.core.price import parse_amount
from nbchat.core.usage import Usage
from nbchat.sessions.ports import Clock, Limits, RequestLedger
from nbchat.sessions.state import Notice

__all__ = ["Allowance", "Budgets", "Expected", "amount_of", "expected"]

_WARN_AT = Decimal("0.8")
_MANY = 100
"""A budget that was passed so many times (one of 0, too) is not told in percent."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a request will come to, about. `bounded`: the answer cannot be longer than `output_tokens`. A cost without an amount
    is one that nobody can know."""

    cost: Cost
    input_tokens: int
    output_tokens: int
    bounded: bool

    @property
    def in_dollars(self) -> bool:
        """Whether it can be held against a budget: nothing is converted, and nothing is nothing in each currency."""
        return self.cost.currency == "USD" or not self.cost.amount

    def __str__(self) -> str:
        most = "up to" if self.bounded else "about"
        return f"{format_cost(self.cost)} (about {self.input_tokens:,} tokens in, {most} {self.output_tokens:,} out)"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One budget at this moment: its kind, its limit and what is spent of it (US dollars)."""

    kind: str
    limit: Decimal
    spent: Decimal

    @property
    def name(self) -> str:
        """What people call it."""
        return {"turn": "this turn's budget", "session": "the conversation's budget", "day": "today's budget"}[self.kind]

    @property
    def hint(self) -> str:
        """How it is raised."""
        return {
            "turn": "Raise it: %chat --budget, send(..., budget=...), or nbchat.settings.budget_turn.",
            "session": "Raise it: s.budget = ..., or nbchat.settings.budget_session for all conversations.",
            "day": "Raise it: nbchat.settings.budget_day. A new day begins at midnight.",
        }[self.kind]

    @property
    def notice(self) -> Notice | None:
        """A warning from 80 % on."""
        if self.spent < self.limit * _WARN_AT or not self.spent:
            return None
        percent = int(self.spent * 100 / self.limit) if self.limit * _MANY > self.spent else 0
        share = f"{percent} %" if percent else "More than all"
        text = f"{share} of {self.name} is spent: {_money(self.spent)} of {_money(self.limit)}."
        return Notice("warning", text, self.hint)


def amount_of(value: Any) -> Decimal | None:
    """Return a budget as people write it (0.5, "0.50", Decimal("0.5")) in US dollars, None for none. A float counts as it is
    written. Raises UsageError for what is no amount."""
    if value is None:
        return None
    number = isinstance(value, int | float | str | Decimal) and not isinstance(value, bool)
    amount = parse_amount(str(value).strip().removeprefix("$")) if number else None
    if amount is None:
        text = f"A budget is an amount in US dollars, 0 or more, not {value!r:.60}."
        raise UsageError(text, hint='For example "0.50"; None takes it away.')
    return amount


def expected(input_tokens: int, output_tokens: int, price: Price | None, *, bounded: bool) -> Expected:
    """Return what a request of so many tokens costs at this price; nobody knows what of it is cached, so nothing is."""
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens, certainty="estimated")
    return Expected(cost_of(usage, price), input_tokens, output_tokens, bounded)


class Budgets:
    """The budgets of this process. On the background loop."""

    def __init__(self, clock: Clock, ledger: RequestLedger, limits: Callable[[], Limits]) -> None:
        self.ledgers = [ledger]
        """Whose requests count for a day: saved ones, and those of private sessions."""
        self.limits = limits
        self._clock = clock
        self._reserved: dict[str, tuple[str, Decimal]] = {}
        self._released = 0

    async def admit(
        self, holder: str, conversation: str, limits: Limits, ledger: RequestLedger, cost: Expected, *, turn_spent: Decimal
    ) -> None:
        """Reserve what a request is expected to cost until `release(holder)`; raises ChatError (budget) where a limit would be
        passed, and nothing is reserved then. `turn_spent` is what the turn has cost so far."""
        amount = cost.cost.amount
        assert amount is not None
        assert cost.in_dollars
        while True:
            released = self._released
            spent = await self._spent(conversation, limits, ledger)
            if released == self._released:  # else a request was settled meanwhile, and may be in neither of the two
                break
        others = [each for name, each in self._reserved.items() if name != holder]
        spent["turn"] = turn_spent
        spent["session"] += sum((held for of, held in others if of == conversation), Decimal(0))
        spent["day"] += sum((held for _, held in others), Decimal(0))
        for allowance in _allowances(limits, spent):
            if allowance.spent + amount > allowance.limit:
                raise _refused(allowance, cost)
        self._reserved[holder] = (conversation, amount)

    def release(self, holder: str) -> None:
        """The request is settled: what it came to is in the ledger. Idempotent."""
        if self._reserved.pop(holder, None) is not None:
            self._released += 1

    async def notice(self, conversation: str, limits: Limits, ledger: RequestLedger, *, turn_spent: Decimal) -> Notice | None:
        """Return the warning about the budget that is nearest to its end, if one is."""
        spent = {**await self._spent(conversation, limits, ledger), "turn": turn_spent}
        near = [each for each in _allowances(limits, spent) if each.notice is not None]
        found = max(near, key=lambda each: each.spent / each.limit if each.limit else Decimal("Infinity"), default=None)
        return None if found is None else found.notice

    async def _spent(self, conversation: str, limits: Limits, ledger: RequestLedger) -> dict[str, Decimal]:
        spent = {"session": Decimal(0), "day": Decimal(0)}
        if limits.session is not None:
            spent["session"] = await ledger.spent(conversation)
        if limits.day is not None:
            midnight = _midnight(self._clock.time())
            for each in self.ledgers:
                spent["day"] += await each.spent(since=midnight)
        return spent


def _allowances(limits: Limits, spent: Mapping[str, Decimal]) -> list[Allowance]:
    given = {"turn": limits.turn, "session": limits.session, "day": limits.day}
    return [Allowance(kind, limit, spent[kind]) for kind, limit in given.items() if limit is not None]


def _midnight(now: float) -> float:
    """When the day began, where the person is, whatever the clocks there did since; seconds since the epoch."""
    year, month, day = time.localtime(now)[:3]
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def _refused(allowance: Allowance, cost: Expected) -> ChatError:
    left = max(allowance.limit - allowance.spent, Decimal(0))
    text = f"Not sent: it would cost {cost}, and {_money(left)} is left of {allowance.name} of {_money(allowance.limit)}."
    return ChatError(text, kind="budget", hint=allowance.hint)


def _money(amount: Decimal) -> str:
    return format_cost(Cost(amount))
