"""Admission: what a request has to pass before it is sent: it fits into the model's context, and no budget is passed.

Owns the order of the two, for each request of one turn: answers, continuations and tool rounds alike; requests besides the turns
(a title, a check) have to pass the budgets alone.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache

from nbchat.core.calibration import Calibration
from nbchat.core.cost import Cost, Price
from nbchat.core.errors import ChatError
from nbchat.core.messages import Part
from nbchat.core.models import split_model
from nbchat.core.requests import ModelRequest
from nbchat.core.tools import ToolSpec
from nbchat.sessions.asking import Asking
from nbchat.sessions.budget import Budgets, Expected, expected
from nbchat.sessions.context import first_sent, left_out_before, room_for, shortened
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.ports import Limits, Ports
from nbchat.sessions.size import LEAST_OUTPUT, Size, characters_of, size_of
from nbchat.sessions.state import Notice
from nbchat.sessions.tree import ConversationTree

__all__ = ["Admission", "admit_helper", "expected_of", "limits_for"]

_log = logging.getLogger("nbchat.sessions")
Priced = Callable[[], Awaitable[Price | None]]


@dataclass(eq=False, slots=True)
class Admission:
    """Admits the requests of one turn (`id`), which `asking` makes; `budget` is the turn's own, if it has one."""

    id: str
    asking: Asking
    budget: Decimal | None
    tree: ConversationTree
    ports: Ports
    budgets: Budgets
    estimates: Estimates
    noticed: Callable[[Notice | None], None]
    spent: Decimal = field(default=Decimal(0), init=False)
    """What the turn has cost so far, in US dollars."""
    _calibration: Calibration = field(default_factory=Calibration, init=False)

    async def admit(self, parts: Sequence[Part], tools: Sequence[ToolSpec], priced: Priced) -> None:
        """Choose what of the path is sent with the answer's `parts` so far, and reserve what it may cost. Raises ChatError
        (context_length, budget) where it must not be sent."""
        asking, conversation = self.asking, self.tree.conversation
        self._calibration = await self.estimates.calibration(*split_model(self.tree.answering(asking.label)))
        length = await self.ports.context_length(asking.provider, asking.model)
        size = cache(lambda start: self._size(start, parts, tools))  # each walks through the whole history
        asking.start = first_sent(
            asking.path,
            lambda start: size(start).tokens,
            room_for(length, asking.parameters.get),
            drop=conversation.when_full == "drop",
            before=asking.start or left_out_before((*asking.path, asking.answer), asking.label),
        )
        limits = self._limits
        if not limits:
            return
        cost = expected_of(self.tree, size(asking.start), asking.parameters.get, await priced())
        if not _can_be_held(cost, asking.label, self.ports.local(asking.provider)):
            return
        await self.budgets.admit(self.id, conversation.id, limits, self.ports.ledger, cost, turn_spent=self.spent)

    def shorten(self, parts: Sequence[Part], tools: Sequence[ToolSpec]) -> bool:
        """The provider says that it was too long: leave more out, where the conversation says "drop" and there is more."""
        if self.tree.conversation.when_full != "drop":
            return False
        start = shortened(self.asking.path, lambda start: self._size(start, parts, tools).tokens, self.asking.start)
        if start is not None:
            self.asking.start = start
        return start is not None

    async def settled(self, cost: Cost) -> None:
        """A request came to this, and is in the ledger: what was reserved for it is free, and a budget that is nearly spent is
        said."""
        if cost.amount is not None and cost.currency == "USD":
            self.spent += cost.amount
        self.budgets.release(self.id)
        try:
            await self.review()
        except Exception:  # the end of a turn must not wait for a warning
            _log.warning("what is left of the budgets could not be read", exc_info=True)

    def close(self) -> None:
        """The turn is over, however it ended: nothing stays reserved for it. Idempotent."""
        self.budgets.release(self.id)

    async def review(self) -> None:
        """Say whether a budget is nearly spent, as things are now."""
        limits, conversation = self._limits, self.tree.conversation.id
        near = await self.budgets.notice(conversation, limits, self.ports.ledger, turn_spent=self.spent) if limits else None
        self.noticed(near)

    @property
    def _limits(self) -> Limits:
        return limits_for(self.tree, self.budgets, self.budget)

    def _size(self, start: int, parts: Sequence[Part], tools: Sequence[ToolSpec]) -> Size:
        return size_of(self.asking.history(parts, start), tools, self.tree.told, self.asking.label, self._calibration)


def limits_for(tree: ConversationTree, budgets: Budgets, turn: Decimal | None = None) -> Limits:
    """Return what holds for a conversation now: its own budget and its turn's before those of the settings."""
    limits, own = budgets.limits(), tree.conversation.budget
    return replace(limits, turn=limits.turn if turn is None else turn, session=limits.session if own is None else own)


def expected_of(tree: ConversationTree, size: Size, parameters: Callable[[str], object], price: Price | None) -> Expected:
    """Return what a request of this size comes to: with the longest answer that its parameters allow, else with one as long as
    those of this conversation."""
    most = parameters("max_completion_tokens") or parameters("max_tokens")
    output = most if isinstance(most, int) else max(LEAST_OUTPUT, tree.mean_output)
    return expected(size.tokens, output, price, bounded=isinstance(most, int))


async def admit_helper(
    request: ModelRequest,
    provider: str,
    price: Price | None,
    limits: Limits,
    house: tuple[Ports, Budgets, Calibration],
    *,
    conversation: str = "",
) -> None:
    """Reserve what a request besides the turns, whose `max_tokens` is given, may cost, until it is released by its id; raises
    ChatError (budget) where it must not be sent."""
    if not limits:
        return
    ports, budgets, calibration = house
    tokens, most = calibration.input(characters_of(request.messages)), request.parameters["max_tokens"]
    cost = expected(tokens, most, price, bounded=True)
    if _can_be_held(cost, f"{provider}/{request.model}", ports.local(provider)):
        await budgets.admit(request.id, conversation, limits, ports.ledger, cost, turn_spent=Decimal(0))


def _can_be_held(cost: Expected, label: str, local: bool) -> bool:
    """Whether a cost can be held against budgets: what nobody knows of a server on this machine (`local`) cannot, and is sent.
    Raises ChatError (budget) for what nobody knows elsewhere, and for prices in another currency than budgets are."""
    set_price = f'nbchat.set_price("{label}", input=..., output=...), or take the budget away (None).'
    if cost.cost.amount is None:
        if local:
            return False
        text = f"Not sent: a budget is set, and nobody knows what {label} costs."
        raise ChatError(text, kind="budget", hint=f"Set its price, {set_price}")
    if not cost.in_dollars:
        text = f"Not sent: it would cost {cost}, and budgets are in US dollars."
        raise ChatError(text, kind="budget", hint=f"Set the price in dollars, {set_price}")
    return True
