"""The tree of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from nbchat.core.conversations import Conversation
from nbchat.core.cost import UNKNOWN_COST, Cost
from nbchat.core.messages import Message, TextPart
from nbchat.core.usage import Usage
from nbchat.sessions.tree import ConversationTree, path_to
from tests.support.records import spent


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
    """`s.cost` is the cost of all requests, each counted once; a sum with an unknown part says so."""
    tree = ConversationTree(Conversation("c", "c"), [], [])
    assert str(tree.cost) == "$0.00"
    for name in ("one", "two", "two"):
        tree.settle(spent("0.25", id=name, usage=Usage(10, output_tokens=5)))
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


def test_amounts_in_two_currencies_stand_beside_each_other() -> None:
    """Currencies never mix, and are no reason to fail or to know nothing."""
    tree = ConversationTree(Conversation("c", "c"), [], [])
    for currency in ("USD", "EUR"):
        tree.settle(spent("1", id=currency, currency=currency))
    assert str(tree.cost) == "$1.00 + €1.00"


def chat(*ids: str, deleted: str = "") -> list[Message]:
    """A chain of questions (q...) and answers (a...)."""
    parents = [None, *ids]
    return [
        Message(name, "user" if name[0] == "q" else "assistant", (TextPart(name),), parent, deleted=name in deleted.split())
        for name, parent in zip(ids, parents, strict=False)
    ]


def test_what_is_deleted_in_the_middle_is_passed_over_and_comes_back() -> None:
    """Later messages stand below what is left; restoring puts everything where it was."""
    tree = ConversationTree(Conversation("c", "c", head="a3"), chat("q1", "a1", "q2", "a2", "q3", "a3", deleted="q2 a2"), [])
    assert [(m.id, m.parent) for m in tree.path] == [("q1", None), ("a1", "q1"), ("q3", "a1"), ("a3", "q3")]
    for message in tree.all:
        tree.replace(replace(message, deleted=False))
    assert [m.id for m in tree.path] == ["q1", "a1", "q2", "a2", "q3", "a3"]
    assert [m.parent for m in tree.path] == [None, "q1", "a1", "q2", "a2", "q3"]


def test_a_deleted_head_gives_way_to_what_stands_before_it() -> None:
    """The conversation goes on behind the last message that is shown."""
    tree = ConversationTree(Conversation("c", "c", head="a2"), chat("q1", "a1", "q2", "a2", deleted="q2 a2"), [])
    assert [m.id for m in tree.path] == ["q1", "a1"]


def test_siblings_are_of_one_role_in_one_place_and_the_newest_branch_has_the_leaf() -> None:
    """Branches are counted as they are shown: below what is left of a deleted parent too."""
    messages = chat("q1", "a1", "q2", "a2", deleted="q2 a2")
    messages += [say("q3", "a1"), say("q4", "a2"), Message("a4", "assistant", parent="q4")]
    tree = ConversationTree(Conversation("c", "c", head="q3"), messages, [])
    assert tree.siblings("q3") == tree.siblings("q4") == ("q3", "q4")
    assert tree.siblings("q2") == tree.siblings("nobody") == ()
    assert (tree.leaf("q1"), tree.leaf("q3"), tree.leaf("a4")) == ("a4", "q3", "a4")
    assert ConversationTree(Conversation("c", "c"), [say("a", "b"), say("b", "a")], []).leaf("a") in "ab"
