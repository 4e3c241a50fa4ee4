"""The model's conversation: a tree of messages, what of it is shown, and what a provider must be sent of it.

Written anew from the rules, not from nbchat's code: what `history.py` and `tree.py` do is compared with this.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbchat.core.messages import Message, Part, TextPart, ToolCallPart, ToolResultPart

__all__ = ["Atom", "Node", "Sent", "Tree", "check_wire", "equal", "parts_of", "said", "sent_of"]

Atom = tuple[str, str, str]
"""The least that an answer grows by: ("text", token, ""), ("call", name, arguments) or ("result", its call's arguments, text)."""
Sent = tuple[str, str, tuple[tuple[str, str], ...]]
"""A message on the wire: role, text, and the calls as (name, arguments)."""


@dataclass(eq=False)
class Node:
    """A message in the model. At least `saved` of its atoms are in the database."""

    role: str
    parent: Node | None
    atoms: list[Atom] = field(default_factory=list)
    status: str = "complete"
    finish: str | None = None
    by_hand: bool = False
    hidden: bool = False
    deleted: bool = False
    saved: int = 0
    id: str = ""

    @property
    def whole(self) -> bool:
        """Whether there is nothing to go on with."""
        return self.status == "complete" and self.finish != "length"


class Tree:
    """All nodes in the order of creation, and the head of the active path, as it is and as it is stored."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.stored: Node | None = None
        self._head: Node | None = None

    @property
    def head(self) -> Node | None:
        return self._head

    @head.setter
    def head(self, node: Node | None) -> None:
        self._head = self.stored = node

    def load(self, *, opened: bool) -> None:
        """The head is what is stored; who opens a conversation sees what stands below it, too."""
        self._head = self.stored
        if opened and self._head is not None and not self._head.deleted:
            self._head = self.leaf(self._head)

    def add(self, node: Node) -> Node:
        self.nodes.append(node)
        self.head = node
        return node

    @property
    def shown(self) -> list[Node]:
        return [node for node in self.nodes if not node.deleted]

    def path(self, end: Node | None) -> list[Node]:
        """What is shown from the root to a node."""
        found = []
        while end is not None:
            found += [] if end.deleted else [end]
            end = end.parent
        return found[::-1]

    def above(self, node: Node) -> Node | None:
        """What a node is shown below."""
        path = self.path(node.parent)
        return path[-1] if path else None

    def siblings(self, node: Node) -> list[Node]:
        return [each for each in self.shown if each.role == node.role and self.above(each) is self.above(node)]

    def leaf(self, node: Node) -> Node:
        while below := [each for each in self.shown if self.above(each) is node]:
            node = below[-1]
        return node


def parts_of(atoms: Iterable[Atom]) -> list[Atom]:
    """Join the tokens that follow each other, as an answer's parts do."""
    found: list[Atom] = []
    for kind, one, two in atoms:
        if kind == "text" and found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + one, "")
        else:
            found.append((kind, one, two))
    return _in_order(found)


def _in_order(parts: list[Atom]) -> list[Atom]:
    """Results that stand together by their calls: functions that run side by side end in any order."""
    groups = itertools.groupby(parts, lambda part: part[0])
    return [part for kind, group in groups for part in (sorted(group) if kind == "result" else group)]


def said(parts: Sequence[Part]) -> list[Atom]:
    """A message's parts in the model's words; each result must name a call of this message, and no call has two."""
    found: list[Atom] = []
    calls: dict[str, str] = {}
    for part in parts:
        if isinstance(part, TextPart):
            found.append(("text", part.text, ""))
        elif isinstance(part, ToolCallPart):
            assert part.id, "a call without an id"
            assert part.id not in calls, "two calls of one id"
            calls[part.id] = part.arguments
            found.append(("call", part.name, part.arguments))
        else:
            assert isinstance(part, ToolResultPart)
            found.append(("result", calls[part.call_id], part.text))
    assert len(results := [one for kind, one, _ in found if kind == "result"]) == len(set(results)), "a call with two results"
    return _in_order(found)


def sent_of(node: Node) -> list[Sent]:
    """The messages that a node becomes on the wire: each round's text and calls, then their results in the calls' order."""
    if node.role == "user":
        return [("user", "".join(token for _, token, _ in node.atoms), ())]
    results = {arguments: text for kind, arguments, text in node.atoms if kind == "result"}
    sent: list[Sent] = []
    text, closed = "", False
    calls: list[tuple[str, str]] = []
    for kind, one, two in [*node.atoms, ("text", "", "")]:
        if kind == "result":
            closed = True
            continue
        if closed:
            sent += _round(text, calls, results)
            text, calls, closed = "", [], False
        if kind == "text":
            text += one
        else:
            calls.append((one, two))
    return sent + _round(text, calls, results)


def _round(text: str, calls: list[tuple[str, str]], results: dict[str, str]) -> list[Sent]:
    answered = tuple(call for call in calls if call[1] in results)
    said_it: list[Sent] = [("assistant", text, answered)] if text.strip() or answered else []
    return said_it + [("tool", results[arguments], ()) for _, arguments in answered]


def check_wire(messages: Sequence[dict[str, Any]]) -> list[Sent]:
    """Read what a server received; raises AssertionError where a strict one would refuse it."""
    found: list[Sent] = []
    due: list[str] = []
    seen: set[str] = set()
    for message in messages:
        role, content = message["role"], message.get("content") or ""
        calls = message.get("tool_calls") or []
        if role == "tool":
            assert due, "a result without a call"
            assert message["tool_call_id"] == due.pop(0), "a result that does not follow its call"
        else:
            assert not due, "a call without its result"
        due += [call["id"] for call in calls]
        assert len(set(due)) == len(due)
        assert not seen & {call["id"] for call in calls}, "a call's id comes twice"
        seen.update(call["id"] for call in calls)
        assert content.strip() or calls, "an empty message"
        assert role == "assistant" or not calls
        found.append((role, content, tuple((call["function"]["name"], call["function"]["arguments"]) for call in calls)))
    assert not due
    assert found, "an empty history"
    assert found[-1][0] in ("user", "tool"), "nothing is asked"
    return found


def equal(message: Message, node: Node) -> bool:
    """Whether a message is what the model says, where its text does not move."""
    return (message.role, message.status, message.hidden, message.deleted, said(message.parts)) == (
        node.role,
        node.status,
        node.hidden,
        node.deleted,
        parts_of(node.atoms),
    )
