"""The drawer's side of the kernel: find, show, begin, rename, archive and erase conversations, in one view of a thread."""

from __future__ import annotations

from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.notebook.wire import Json
from nbchat.testing import Gate, Reply
from tests.notebook.browser import Browser
from tests.support.apps import running_app


def ask(browser: Browser, op: str, **fields: Any) -> Json:
    """Ask for something and return the reply; raises AssertionError where it is denied."""
    told = asked(browser, op, **fields)
    assert "error" not in told, told
    value: Json = told["value"]
    return value


def asked(browser: Browser, op: str, **fields: Any) -> Json:
    browser.say(op, **{"ask": f"{op}-1", **fields})
    return browser.got("reply")


def listed(browser: Browser, query: str = "", *, archived: bool = False) -> list[str]:
    rows = ask(browser, "conversations", query=query, archived=archived)["conversations"]
    return [row["name"] for row in rows]


def test_a_view_shows_another_conversation_and_everything_else_stays() -> None:
    """The page gets its messages and its state, what is asked goes there, other views and the handle do not move."""
    with running_app(*(Reply.text(text) for text in ("one", "two", "three", "four"))):
        first, second = nbchat.session("first"), nbchat.session("second")
        first.ask("hi")
        second.ask("hello")
        browser, other = Browser(first), Browser(first)
        assert ask(browser, "open", conversation=second._core.id) == {"shown": second._core.id}
        browser.shows("hello", "two")
        browser.wait(lambda: browser.state["title"] == "hello")
        browser.say("send", text="more", client_id="c1", shown=second._core.id)
        browser.shows("hello", "two", "more", "three")
        other.shows("hi", "one")
        first.ask("again")
        other.shows("hi", "one", "again", "four")
        assert browser.texts == ["hello", "two", "more", "three"]
        assert [m.text for m in first.messages] == ["hi", "one", "again", "four"]
        assert app().background.call(lambda: second._core.state.subscriber_count) == 1


def test_a_conversation_that_is_being_answered_is_shown_as_it_streams() -> None:
    """From wherever its log is, and so is the one that the view comes back to."""
    gate = Gate()
    with running_app(Reply.text(tokens=["he", "llo"], gate=gate), Reply.text("quick")):
        slow, quick = nbchat.session("slow"), nbchat.session("quick")
        turn = slow.send("hi")
        gate.release(1)
        browser = Browser(quick)
        ask(browser, "open", conversation=slow._core.id)
        browser.wait(lambda: browser.texts == ["hi", "he"])
        ask(browser, "open", conversation=quick._core.id)
        browser.wait(lambda: browser.texts == [])
        ask(browser, "open", conversation=slow._core.id)
        gate.open()
        turn.result()
        browser.shows("hi", "hello")


def test_what_was_meant_for_the_conversation_before_is_refused() -> None:
    """A question that is under way while another page of the view opens another conversation; one that was taken stays taken."""
    with running_app(Reply.text("one")) as server:
        first, second = nbchat.session("first"), nbchat.session("second")
        browser = Browser(first)
        browser.say("send", text="hi", client_id="c1", shown=first._core.id)
        turn = browser.got("sent")["turn"]
        browser.shows("hi", "one")
        ask(browser, "open", conversation=second._core.id)
        browser.say("send", text="late", client_id="c2", shown=first._core.id)
        refused = browser.got("refused")
        assert (refused["client_id"], refused["error"]["kind"]) == ("c2", "invalid")
        browser.say("send", text="hi", client_id="c1", shown=first._core.id)
        assert browser.got("sent")["turn"] == turn
        assert len(server.chats) == 1


def test_consent_is_for_the_conversation_that_was_in_view() -> None:
    """Another one may wait with a call of the same id; nor is it the one that gets the name or the model."""
    ran: list[str] = []

    def note() -> str:
        """Note something."""
        ran.append("noted")
        return "noted"

    with running_app(Reply.text(tool_calls=[("note", "{}", "call_0")]), Reply.text("done")):
        first, second = nbchat.session("first"), nbchat.session("second")
        second.tools = [note]
        turn = second.send("hi")
        browser = Browser(second)
        browser.wait(lambda: bool(browser.state["approvals"]))
        meant = {"approve": {"call": "call_0", "decision": "once"}, "title": {"title": "x"}, "model": {"model": "lab/other"}}
        for op, fields in meant.items():
            browser.say(op, **fields, shown=first._core.id)
            assert browser.got("refused")["error"]["kind"] == "invalid"
        assert (second.title, second.model) == ("second", "lab/tiny")
        browser.say("approve", call="call_0", decision="deny", shown=second._core.id)
        turn.result()
        assert ran == []


def test_a_new_conversation_is_begun_once_and_an_empty_one_is_new() -> None:
    """Named after the notebook (here: whatever runs) with a number; the same wish twice begins one."""
    with running_app(Reply.text("one"), Reply.text("two")):
        first = nbchat.session("first")
        browser = Browser(first)
        assert ask(browser, "new") == {"shown": first._core.id}
        first.ask("hi")
        shown = ask(browser, "new", ask="n2")["shown"]
        assert shown != first._core.id
        assert ask(browser, "new", ask="n2")["shown"] == shown
        browser.shows()
        base = app().ports.notebook() or "chat"
        assert browser.view.session.name == base
        browser.say("send", text="hello", client_id="c1")
        browser.shows("hello", "two")
        ask(browser, "new", ask="n3")
        assert browser.view.session.name == f"{base} 2"


def test_a_new_conversation_is_not_a_private_one_of_that_name() -> None:
    """Whose name no database knows."""
    with running_app(Reply.text("one"), Reply.text("two")):
        base = app().ports.notebook() or "chat"
        first, secret = nbchat.session("first"), nbchat.session(base, private=True)
        first.ask("hi")
        secret.ask("hello")
        browser = Browser(first)
        ask(browser, "new")
        assert (browser.view.session.name, browser.view.session.private) == (f"{base} 2", False)


def test_a_closed_conversation_that_was_renamed_goes_on_as_itself() -> None:
    """What is asked in its view does not begin another one under the old name."""
    with running_app(Reply.text("one"), Reply.text("two")):
        first = nbchat.session("first")
        first.ask("hi")
        browser = Browser(first)
        nbchat.manager.close("first")
        nbchat.manager.rename("first", "renamed")
        browser.say("send", text="more", client_id="c1")
        browser.shows("hi", "one", "more", "two")
        assert browser.view.session.name == "renamed"


def test_conversations_are_found_by_title_and_by_text() -> None:
    """With what they cost, when they were used, and where the words stand; empty ones are left out."""
    with running_app(Reply.text("A tale of walruses"), Reply.text("two")):
        first, second = nbchat.session("first"), nbchat.session("walrus notes")
        nbchat.session("never used")
        first.ask("hi")
        second.ask("hello")
        first.title = "Ships"
        browser = Browser(first)
        assert set(listed(browser)) == {"first", "walrus notes"}
        rows = ask(browser, "conversations", query="walrus", archived=False)["conversations"]
        assert [(row["name"], row["title"]) for row in rows] == [("walrus notes", "hello"), ("first", "Ships")]
        assert "walruses" in rows[1]["snippet"]
        assert "snippet" not in rows[0]
        assert (rows[0]["id"], rows[0]["messages"], rows[0]["cost"]) == (second._core.id, 2, "–")
        assert listed(browser, "nothing of that") == []


def test_a_conversation_that_is_archived_leaves_the_list_and_comes_back() -> None:
    """A view that showed it shows the one used last; undone, it can be opened again, with everything."""
    with running_app(Reply.text("one"), Reply.text("two")):
        first, second = nbchat.session("first"), nbchat.session("second")
        first.ask("hi")
        second.ask("hello")
        browser, other = Browser(second), Browser(second)
        assert ask(browser, "archive", conversation=second._core.id, archived=True) == {"shown": first._core.id}
        browser.shows("hi", "one")
        other.shows("hello", "two")
        assert (listed(browser), listed(browser, archived=True)) == (["first"], ["second"])
        assert ask(browser, "archive", conversation=second._core.id, archived=False) == {"shown": first._core.id}
        ask(browser, "open", conversation=second._core.id)
        browser.shows("hello", "two")
        assert set(listed(browser)) == {"first", "second"}


def test_the_last_conversation_that_goes_makes_room_for_a_fresh_one() -> None:
    """A view is never without one."""
    with running_app(Reply.text("one")):
        first = nbchat.session("first")
        first.ask("hi")
        browser = Browser(first)
        assert ask(browser, "archive", conversation=first._core.id, archived=True)["shown"] != first._core.id
        browser.shows()


def test_only_what_is_archived_is_erased_and_the_ledger_stays() -> None:
    """In two steps: a slip of the finger loses nothing."""
    with running_app(Reply.text("one"), Reply.text("two")):
        first, second = nbchat.session("first"), nbchat.session("second")
        first.ask("hi")
        second.ask("hello")
        browser = Browser(first)
        assert asked(browser, "erase", conversation=second._core.id)["error"]["kind"] == "invalid"
        ask(browser, "archive", conversation=second._core.id, archived=True)
        ask(browser, "erase", conversation=second._core.id)
        ask(browser, "erase", conversation=second._core.id)
        assert listed(browser, archived=True) == []
        rows = app().background.wait(app().ports.ledger.records(second._core.id))
        assert [row.conversation_name for row in rows] == ["second"]
        assert asked(browser, "open", conversation=second._core.id)["error"]["kind"] == "invalid"


def test_a_conversation_gets_another_title_from_the_list() -> None:
    """One that lives here, and one that does not; its name stays."""
    with running_app(Reply.text("one"), Reply.text("two")):
        first, second = nbchat.session("first"), nbchat.session("second")
        first.ask("hi")
        second.ask("hello")
        nbchat.manager.close("second")
        browser = Browser(first)
        for session in (first, second):
            ask(browser, "rename", conversation=session._core.id, title="  Better  ")
        rows = ask(browser, "conversations", query="better", archived=False)["conversations"]
        assert [row["title"] for row in rows] == ["Better", "Better"]
        browser.wait(lambda: browser.state["title"] == "Better")
        assert first.name == "first"


def test_a_private_conversation_is_not_lost_by_looking_at_another_one() -> None:
    """It lives as long as the view that showed it, says nothing of itself in what a notebook keeps, and cannot be archived."""
    with running_app(Reply.text("one"), Reply.text("two")):
        secret, open_one = nbchat.session("secret", private=True), nbchat.session("open")
        secret.ask("hi")
        browser = Browser(secret)
        core, conversation = secret._core, secret._core.id
        del secret
        ask(browser, "open", conversation=open_one._core.id)
        browser.wait(lambda: browser.state["private"] is False)
        assert browser.view.held
        rows = ask(browser, "conversations", query="", archived=False)["conversations"]
        assert [(row["name"], row.get("private", False)) for row in rows] == [("secret", True), ("open", False)]
        assert asked(browser, "archive", conversation=conversation, archived=True)["error"]["kind"] == "invalid"
        ask(browser, "open", conversation=conversation)
        browser.shows("hi", "one")
        assert not browser.view.held
        assert browser.state["private"] is True
        assert app().background.call(app().services.hub.look, browser.view)["snapshot"]["messages"] == []
        browser.close()
        assert app().background.call(lambda: core.state.subscriber_count) == 0


def test_a_cells_answer_shows_no_other_conversation() -> None:
    """It belongs to the cell."""
    with running_app(Reply.text("one"), Reply.text("two")):
        first, second = nbchat.session("first"), nbchat.session("second")
        turn = first.send("hi")
        turn.result()
        second.ask("hello")
        browser = Browser(first, turn)
        for op in ("open", "new"):
            assert asked(browser, op, conversation=second._core.id)["error"]["kind"] == "invalid"
        browser.shows("hi", "one")


@pytest.mark.parametrize("op", ["open", "rename", "archive"])
def test_what_is_not_there_is_said_where_it_was_asked(op: str) -> None:
    """Once, in the reply; the view stays."""
    with running_app(Reply.text("one")):
        first = nbchat.session("first")
        browser = Browser(first)
        told = asked(browser, op, conversation="nowhere", title="x", archived=True)
        assert (told["ask"], told["error"]["kind"]) == (f"{op}-1", "invalid")
        assert browser.view.session is first._core
