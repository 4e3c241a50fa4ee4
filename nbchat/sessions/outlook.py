"""Outlook: what the next question of a conversation will come to, and how full the model's context is, before it is asked.

Owns what is looked up for that, and when: while somebody looks, when the model changes and when a turn has ended. Asks no server.
The figures are those that budgets and the context's limit are held against (`admission.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from nbchat.core.calibration import Calibration
from nbchat.core.cost import Price, format_cost
from nbchat.core.errors import ChatError
from nbchat.core.messages import Message
from nbchat.core.models import split_model
from nbchat.core.tools import ToolSpec
from nbchat.sessions.admission import expected_of
from nbchat.sessions.budget import Expected
from nbchat.sessions.context import first_sent, left_out_before, room_for
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.history import history_for
from nbchat.sessions.ports import Ports
from nbchat.sessions.size import Size, size_of
from nbchat.sessions.tasks import begin
from nbchat.sessions.tree import ConversationTree

__all__ = ["Outlook", "Outlooks"]

_MOST = 16
_log = logging.getLogger("nbchat.sessions")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the next question of a branch sends besides itself: so many tokens of history (all of them where they are too many
    and none may be left out), which cost so much with an answer. `length` is the model's context length, None where nobody knows,
    of which `kept` tokens are kept for the answer (`max_tokens`), as they are when it is asked; `first` the id of the first
    message that is sent, where `omitted` ones before it are not. `sees` is whether the model takes images, as far as its listing
    says."""

    size: Size
    expected: Expected
    length: int | None = None
    kept: int = 0
    first: str | None = None
    omitted: int = 0
    sees: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it for a view; money as people read it."""
        price = None if self.expected.cost.amount is None else format_cost(self.expected.cost)
        most = "up to" if self.expected.bounded else "about"
        return {
            "tokens": self.size.tokens,
            "estimated": self.size.estimated,
            "price": price,
            "answer": f"{most} {self.expected.output_tokens:,}",
            "length": self.length,
            "kept": self.kept,
            "first": self.first,
            "omitted": self.omitted,
        } | ({} if self.sees is None else {"sees": self.sees})


_Facts = tuple[Price | None, int | None, Calibration, bool | None]
_NOTHING: _Facts = (None, None, Calibration(), None)


class Outlooks:
    """The outlooks of one session's branches. On the background loop."""

    def __init__(
        self,
        tree: ConversationTree,
        ports: Ports,
        estimates: Estimates,
        *,
        model: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        self._tree = tree
        self._ports = ports
        self._estimates = estimates
        self._model = model
        self._changed = changed
        self._facts: dict[str, _Facts] = {}
        self._held: dict[str | None, tuple[Any, Outlook]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._due = False

    def look_up(self) -> None:
        """Find out what the model costs and can read; `changed` is called where that is news."""
        self._due = True  # also while it is being looked up: what was read before this may be old by now
        if self._looking is None or self._looking.done():
            self._looking = begin(self._look())

    async def close(self) -> None:
        """Look no more. Idempotent."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look(self) -> None:
        label = ""
        while self._due or label != self._model():  # it may change meanwhile
            self._due, label = False, self._model()
            facts = await self._facts_of(label)
            if facts != self._facts.get(label):
                self._facts[label] = facts
                self._changed()

    async def _facts_of(self, label: str) -> _Facts:
        provider, model = split_model(label)
        try:
            price = await self._ports.prices.price(self._ports.provider(provider).provider, model, ask=False)
            length = await self._ports.context_length(provider, model)
            calibration = await self._estimates.calibration(*split_model(self._tree.answering(label)))
            return price, length, calibration, self._ports.sees(provider, model)
        except ChatError:  # a provider that is gone
            return _NOTHING
        except Exception:  # whatever is wrong with a price, it must not cost anything else
            _log.exception("a price could not be looked up")
            return _NOTHING

    def of(
        self, leaf: str | None, path: Callable[[], Sequence[Message]], tools: Sequence[ToolSpec], attached: int = 0
    ) -> Outlook:
        """Return the outlook of the branch with this leaf (None: the active path), made anew where something has changed;
        `attached` tokens go with the question that is being written."""
        tree, label = self._tree, self._model()
        key = (tree.version, tree.conversation, label, tools, attached, self._facts.get(label))
        held = self._held.get(leaf)
        if held is None or held[0] != key:
            held = (key, self._made(path(), tools, label, attached))
            self._held.pop(leaf, None)
            self._held[leaf] = held
            if len(self._held) > _MOST:
                del self._held[next(iter(self._held))]
        return held[1]

    def _made(self, path: Sequence[Message], tools: Sequence[ToolSpec], label: str, attached: int) -> Outlook:
        tree, conversation = self._tree, self._tree.conversation
        price, length, calibration, sees = self._facts.get(label, _NOTHING)
        parameters = conversation.parameters.get

        @cache
        def size(start: int) -> Size:
            sent = size_of(history_for(path[start:], conversation.system), tools, tree.told, label, calibration)
            return Size(sent.tokens + attached, sent.estimated or attached > 0)

        room, start, drop = room_for(length, parameters), 0, conversation.when_full == "drop"
        if drop and path:
            try:
                before = left_out_before(path, label)
                asked = (*path, Message("next", "user"))
                start = first_sent(asked, lambda at: size(at).tokens, room, drop=True, before=before)
            except ChatError:  # the next question is refused, and says why
                start = 0
        sent = size(start)
        first = path[start].id if 0 < start < len(path) else None
        kept = length - room if length is not None and room is not None and room > 0 else 0
        return Outlook(sent, expected_of(tree, sent, parameters, price), length, kept, first, start, sees)
