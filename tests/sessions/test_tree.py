"""The tree of messages."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.cost import UNKNOWN_COST, Cost
from nbchat.core.messages import Message, TextPart
from nbchat.core.usage import Usage
from nbchat.sessions.tree import ConversationTree, path_to


def say(id: str, parent: str | None, text: str = "") -> Message:
    return Message(id, "user", (TextPart(text or id),), parent)


def test_the_path_follows_parents_and_leaves_other_branches_out() -> None:
    """Only what leads to the head is on the active path."""
    tree = ConversationTree(Conversation("c", "c", head="b2"), [say("a", None), say("b1", "a"), say("b2", "a")], [])
    assert [message.id for message in tree.path] == ["a", "b2"]


def test_a_missing_parent_and_a_cycle_end_the_walk() -> None:
    """A damaged tree shows what there is and never hangs."""
    assert [m.id for m in path_to({"b": say("b", "gone")}, "b")] == ["b"]
    assert [m.id for m in path_to({"a": say("a", "b"), "b": say("b", "a")}, "a")] == ["b", "a"]


def test_adding_moves_the_head_and_replacing_shows_at_once() -> None:
    """The path that readers get is never an old one."""
    tree = ConversationTree(Conversation("c", "c"), [], [])
    assert not tree.path
    tree.add([say("q", None), say("a", "q")], now=7.0)
    assert [m.text for m in tree.path] == ["q", "a"]
    assert tree.conversation.updated == 7.0
    tree.replace(say("a", "q", "changed"))
    assert tree.path[-1].text == "changed"
    tree.replace(say("stranger", None))
    assert tree.get("stranger") is None


def test_costs_of_every_branch_are_counted_and_an_unknown_one_is_said() -> None:
    """`s.cost` is the cost of all requests; a sum with an unknown part says so."""
    tree = ConversationTree(Conversation("c", "c"), [], [])
    assert str(tree.cost) == "$0.00"
    answer = Message("a", "assistant", usage=Usage(10, output_tokens=5), cost=Cost(Decimal("0.25")))
    tree.settle(answer)
    tree.settle(answer)
    assert tree.cost == Cost(Decimal("0.50"))
    assert tree.usage.input_tokens == 20
    assert str(tree.cost_with([UNKNOWN_COST])) == "≥$0.50"


def test_a_reader_that_is_overtaken_leaves_no_old_path_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any thread may read the path while the loop changes a message: the next reader gets the change."""
    tree = ConversationTree(Conversation("c", "c", head="a"), [say("a", None, "partial")], [])

    def overtaken(messages: Mapping[str, Message], head: str | None) -> tuple[Message, ...]:
        monkeypatch.undo()
        found = path_to(messages, head)
        tree.replace(say("a", None, "final"))
        return found

    monkeypatch.setattr("nbchat.sessions.tree.path_to", overtaken)
    assert tree.path[-1].text == "partial"
    assert tree.path[-1].text == "final"


def test_amounts_in_two_currencies_have_no_sum() -> None:
    """Currencies never mix, and a sum that cannot be made is no reason to fail."""
    tree = ConversationTree(Conversation("c", "c"), [], [])
    for currency in ("USD", "EUR"):
        tree.settle(Message(currency, "assistant", cost=Cost(Decimal(1), currency=currency)))
    assert tree.cost == UNKNOWN_COST
