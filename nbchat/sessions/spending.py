"""Spending: the part of a session that knows what it may cost and how much the model can read, and warns in time.

Owns the conversation's own budget, the choice when its context is full, and which notice is shown. On the background loop.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import EllipsisType
from typing import Any, get_args

from nbchat.core.conversations import WhenFull
from nbchat.core.errors import ChatError, UsageError
from nbchat.core.messages import Message
from nbchat.core.requests import ModelRequest
from nbchat.sessions.admission import Admission, admit_helper, limits_for
from nbchat.sessions.asking import Asking
from nbchat.sessions.breakdown import Breakdown, breakdown_of, context_shares
from nbchat.sessions.budget import Budgets, amount_of
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.history import history_for
from nbchat.sessions.outlook import Outlook, Outlooks
from nbchat.sessions.ports import Ports
from nbchat.sessions.preview import Preview, preview_of
from nbchat.sessions.state import Notice, SessionState
from nbchat.sessions.submitting import Submitting
from nbchat.sessions.toolbox import ToolBox
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Spending"]

_SEVERITY = ("error", "warning", "info")


class Spending(Submitting):
    """What `Session` stands on: budgets, notices, and what the next question will come to."""

    tools: ToolBox
    state: SessionState

    def __init__(self, tree: ConversationTree, ports: Ports, budgets: Budgets) -> None:
        super().__init__(tree, ports)
        self._budgets = budgets
        self._trouble: Notice | None = None
        self._spent: Notice | None = None
        self._latest: Admission | None = None
        self.estimates = Estimates(ports)
        self._outlooks = Outlooks(tree, ports, self.estimates, model=lambda: self.model, changed=lambda: self.emit("changed"))

    @property
    @abstractmethod
    def model(self) -> str:
        """The label "provider/model" that the next turn uses."""

    @abstractmethod
    async def update(self, **changes: Any) -> None:
        """Change the conversation and save it."""

    # ------------------------------------------------------------ what people set

    async def set_budget(self, amount: Any) -> None:
        """Let all requests of the conversation together cost at most so much (US dollars: a Decimal, text or number), from the
        next request on; None is the setting's again. Raises UsageError for what is no amount."""
        await self.update(budget=amount_of(amount))
        await self.review()

    async def set_when_full(self, choice: str) -> None:
        """Choose what happens when the conversation does not fit into the model's context: "refuse" to send it, or "drop" its
        oldest messages from what is sent. Raises UsageError for anything else."""
        if choice not in get_args(WhenFull):
            raise UsageError(f"when_full cannot be {choice!r:.60}.", hint=f"Choose one of: {', '.join(get_args(WhenFull))}.")
        await self.update(when_full=choice)

    # ------------------------------------------------------------ notices

    @property
    def notice(self) -> Notice | None:
        """What the person should know while the session goes on: the most severe that there is."""
        given = [each for each in (self._trouble, self._spent) if each is not None]
        return min(given, key=lambda each: _SEVERITY.index(each.kind), default=None)

    def set_notice(self, notice: Notice | None) -> None:
        """Show (or take away) a notice of trouble in every view."""
        before, self._trouble = self.notice, notice
        if self.notice != before:
            self.emit("changed")

    def _warn(self, notice: Notice | None) -> None:
        before, self._spent = self.notice, notice
        if self.notice != before:
            self.emit("changed")

    async def review(self) -> None:
        """Say whether a budget is nearly spent, as things are now."""
        if self._latest is not None:
            await self._latest.review()
        elif limits := limits_for(self._tree, self._budgets):
            conversation, ledger = self._tree.conversation.id, self._ports.ledger
            self._warn(await self._budgets.notice(conversation, limits, ledger, turn_spent=Decimal(0)))
        else:
            self._warn(None)

    # ------------------------------------------------------------ what comes next

    def outlook(self, leaf: str | None, path: Callable[[], Sequence[Message]], attached: int = 0) -> Outlook | None:
        """Return what the next question of the branch with this leaf (None: the active path) will come to, `attached` tokens of
        files included; None while a turn runs or waits, which changes that. On the loop."""
        return None if self.busy else self._outlooks.of(leaf, path, self.tools.specs, attached)

    async def preview(self, turn: Turn, *, system: str | EllipsisType | None = ...) -> Preview:
        """Return what a turn that `unsent` made would send if it were asked now, with this `system` prompt (default: the
        conversation's own); sends and saves nothing."""
        house = (self._tree, self._ports, self._budgets, self.estimates)
        own = self._tree.conversation.system if isinstance(system, EllipsisType) else system
        return await preview_of(turn, turn.model or self.model, self.tools.specs, own, house)

    async def breakdown(self) -> Breakdown:
        """Return what the conversation used and cost so far, taken apart; what a running request uses is not in it yet."""
        return breakdown_of(await self._ports.ledger.records(self._tree.conversation.id))

    def context(self, leaf: str | None, path: Sequence[Message]) -> tuple[Outlook, dict[str, int]]:
        """Return what the next question of this branch will come to as things are, while a turn runs too, and what its tokens of
        history come from (see `context_shares`). On the loop."""
        tools = self.tools.specs
        outlook = self._outlooks.of(leaf, lambda: path, tools)
        sent = history_for(path[outlook.omitted :], self._tree.conversation.system)
        return outlook, context_shares(sent, tools, outlook.size.tokens)

    def _look_ahead(self) -> None:
        if self.state.subscriber_count and not self.closed:
            self._outlooks.look_up()

    # ------------------------------------------------------------ requests

    def admission(self, turn: Turn, asking: Asking) -> Admission:
        """Return what the requests of a turn have to pass."""
        house = (self._tree, self._ports, self._budgets, self.estimates)
        self._latest = Admission(turn.id, asking, turn.budget, *house, self._warn)
        return self._latest

    async def admit_helper(self, request: ModelRequest, provider: str) -> None:
        """Reserve what a request besides the turns may cost, until `helper_settled`; raises ChatError (budget) where it may not
        be sent."""
        limits = limits_for(self._tree, self._budgets)
        if not limits:
            return
        price = await self._ports.prices.price(self._ports.provider(provider).provider, request.model)
        calibration = await self.estimates.calibration(provider, request.model)
        house = (self._ports, self._budgets, calibration)
        await admit_helper(request, provider, price, limits, house, conversation=self._tree.conversation.id)

    async def helper_settled(self, request: ModelRequest) -> None:
        """A request besides the turns is in the ledger."""
        self._budgets.release(request.id)
        try:
            await self.review()
        except ChatError:  # a database in trouble, which says so itself
            return
