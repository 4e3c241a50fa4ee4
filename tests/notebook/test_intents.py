"""What browsers ask for, with a real session behind it: each does what it says in the view that asked, and fails there too."""

from __future__ import annotations

from typing import Any

import pytest

import nbchat
from nbchat.testing import Gate, Reply
from tests.notebook.browser import Browser
from tests.support.apps import running_app


def test_a_question_goes_below_what_its_view_shows() -> None:
    """On the branch that somebody switched to, although the conversation's path is another one; then the view follows it."""
    with running_app(Reply.text("one"), Reply.text("two"), Reply.text("three")) as server:
        s = nbchat.session("notes")
        s.ask("hi")
        browser, other = Browser(s), Browser(s)
        browser.say("regenerate", message=browser.id(1), client_id="c1")
        browser.shows("hi", "two")
        assert browser.got("sent")["turn"] == browser.view.last_turn
        other.shows("hi", "two")
        browser.say("switch", message=browser.page.messages[1]["siblings"][0])
        browser.shows("hi", "one")
        assert other.texts == ["hi", "two"]
        browser.say("send", text="more", client_id="c2")
        browser.shows("hi", "one", "more", "three")
        other.shows("hi", "one", "more", "three")
        assert [m["content"] for m in server.chats[-1].json["messages"]] == ["hi", "one", "more"]
        assert browser.view.branch is None


@pytest.mark.parametrize("op", ["send", "edit", "regenerate", "resume"])
def test_a_message_that_comes_twice_is_paid_once(op: str) -> None:
    """The client's id is the request's: the second one attaches, before the answer and after it."""
    gate = Gate()
    with running_app(Reply.text("par", finish_reason="length"), Reply.text(tokens=["tial"], gate=gate)) as server:
        s = nbchat.session("notes")
        s.ask("hi")
        browser = Browser(s)
        fields = {"send": {"text": "more"}, "edit": {"text": "other", "message": browser.id(0)}}
        for _ in range(2):
            browser.say(op, **{"message": browser.id(1), **fields.get(op, {})}, client_id="c1")
        assert browser.got("sent")["turn"] == browser.got("sent")["turn"]
        gate.open()
        browser.wait(lambda: browser.texts[-1].endswith("tial") and browser.page.position[2])
        before = browser.texts
        browser.say(op, **{"message": browser.id(1), **fields.get(op, {})}, client_id="c1")
        browser.got("sent")
        browser.wait(lambda: browser.state["status"] == "idle")
        assert browser.texts == before
        assert len(server.chats) == 2


def test_what_waits_about_a_message_says_which() -> None:
    """So that a page offers it no second time, and no other words for it."""
    gate = Gate()
    with running_app(Reply.text("half", finish_reason="length"), Reply.text("one", gate=gate), Reply.text("the rest")):
        s = nbchat.session("notes")
        cut, running = s.ask("hi"), s.send("first")
        browser = Browser(s)
        browser.say("resume", message=cut.id, client_id="c1")
        turn = browser.got("sent")["turn"]
        waits = {"turn": turn, "text": "hi", "kind": "resume", "message": cut.id}
        browser.wait(lambda: browser.state["queue"] == [waits])
        gate.open()
        running.result()
        browser.shows("hi", "halfthe rest", "first", "one")
        assert browser.state["queue"] == []


def test_a_question_that_left_the_queue_unsent_is_asked_by_retry() -> None:
    """Below its cell: what it shows there is no message of the conversation, but its words are known."""
    gate = Gate()
    with running_app(Reply.text("one", gate=gate), Reply.text("two")):
        s = nbchat.session("notes")
        first, second = s.send("first"), s.send("second")
        browser = Browser(s, second)
        browser.say("unqueue", turn=second._turn.id)
        browser.wait(lambda: bool(browser.page.messages))
        browser.say("resume", message=browser.id(1), client_id="c1")
        browser.got("sent")
        gate.open()
        first.result()
        browser.shows("second", "two")
        assert [m.text for m in s.messages] == ["first", "one", "second", "two"]


def test_an_answer_that_was_cut_goes_on() -> None:
    """Resume joins; the other view sees the same."""
    with running_app(Reply.text("Hello the", finish_reason="length"), Reply.text("re.")):
        s = nbchat.session("notes")
        s.ask("hi")
        browser, other = Browser(s), Browser(s)
        browser.say("resume", message=browser.id(1), client_id="c1")
        browser.shows("hi", "Hello there.")
        other.shows("hi", "Hello there.")


def test_words_are_changed_beside_the_old_ones() -> None:
    """A question is asked anew; an answer is kept as it was written by hand, once however often the message comes."""
    with running_app(Reply.text("one"), Reply.text("two")) as server:
        s = nbchat.session("notes")
        s.ask("hi")
        browser = Browser(s)
        browser.say("edit", message=browser.id(0), text="hello", client_id="c1")
        browser.shows("hello", "two")
        assert len(browser.page.messages[0]["siblings"]) == 2
        for _ in range(2):
            browser.say("edit", message=browser.id(1), text="three", client_id="c2")
        browser.shows("hello", "three")
        assert [browser.got("sent")["client_id"] for _ in range(3)] == ["c1", "c2", "c2"]
        assert len(browser.page.messages[1]["siblings"]) == 2
        assert browser.page.messages[1]["model"] is None
        assert len(server.chats) == 2


def test_a_message_is_hidden_deleted_and_brought_back() -> None:
    """In all views; a question takes its answer along, and the ids that undo it come back."""
    with running_app(Reply.text("one"), Reply.text("two")):
        s = nbchat.session("notes")
        s.ask("hi")
        s.ask("more")
        browser, other = Browser(s), Browser(s)
        browser.say("hide", message=browser.id(1), hidden=True)
        for each in (browser, other):
            each.wait(lambda each=each: bool(each.page.messages[1].get("hidden")))  # type: ignore[misc]
        browser.say("delete", message=browser.id(0))
        gone = browser.got("deleted")["messages"]
        for each in (browser, other):
            each.shows("more", "two")
        browser.say("restore", messages=[*gone, 7])
        for each in (browser, other):
            each.shows("hi", "one", "more", "two")


def test_a_waiting_question_gets_other_words() -> None:
    """And is refused where it does not wait any more."""
    gate = Gate()
    with running_app(Reply.text(tokens=["one"], gate=gate), Reply.text("two")) as server:
        s = nbchat.session("notes")
        browser = Browser(s)
        first = s.send("hi")
        browser.say("send", text="secnod", client_id="c1")
        turn = browser.got("sent")["turn"]
        browser.say("requeue", turn=turn, text="second")
        browser.wait(lambda: browser.state["queue"] == [{"turn": turn, "text": "second"}])
        gate.open()
        browser.shows("hi", "one", "second", "two")
        assert server.chats[-1].question == "second"
        browser.say("requeue", turn=turn, text="third")
        assert browser.got("refused")["error"]["kind"] == "invalid"
        assert first.done


def test_a_title_is_given() -> None:
    """In the header of all views."""
    with running_app():
        s = nbchat.session("notes")
        browser = Browser(s)
        browser.say("title", title="A name of its own")
        browser.wait(lambda: browser.state["title"] == "A name of its own")
        assert s.title == "A name of its own"


@pytest.mark.parametrize("decision", ["once", "session", "deny"])
def test_a_tool_runs_when_its_view_says_so(decision: str) -> None:
    """The arguments are shown exactly; a decision about a call that is gone, of an older page, does nothing."""
    ran: list[str] = []

    def note(text: str) -> str:
        """Note a text."""
        ran.append(text)
        return "noted"

    with running_app(Reply.text(tool_calls=[("note", '{"text":  "x"}', "c-1")]), Reply.text("done")):
        s = nbchat.session("notes")
        s.tools = [note]
        browser = Browser(s)
        turn = s.send("hi")
        browser.wait(lambda: bool(browser.state["approvals"]))
        (approval,) = browser.state["approvals"]
        assert (approval["tool"], approval["arguments"]) == ("note", '{"text":  "x"}')
        browser.say("approve", call=approval["call"], decision="perhaps")
        assert "perhaps" in browser.got("refused")["error"]["text"]
        browser.say("approve", call="an older one", decision="once")
        browser.say("approve", call=approval["call"], decision=decision)
        browser.shows("hi", "done")
        browser.wait(lambda: browser.state["approvals"] == [])
        assert turn.result().text == "done"
        assert ran == ([] if decision == "deny" else ["x"])
        assert not any(each["op"] == "refused" for each in browser.messages)


BAD: list[tuple[str, dict[str, Any]]] = [
    ("send", {"text": " ", "client_id": "c"}),
    ("edit", {"message": "nobody", "text": "x", "client_id": "c"}),
    ("edit", {"message": "", "text": " ", "client_id": "c"}),
    ("regenerate", {"message": "nobody", "client_id": "c"}),
    ("regenerate", {"message": "", "client_id": "c", "model": "nobody/x"}),
    ("resume", {"message": "", "client_id": "c"}),
    ("switch", {"message": "nobody"}),
    ("hide", {"message": "nobody", "hidden": True}),
    ("delete", {"message": "nobody"}),
    ("requeue", {"turn": "nobody", "text": "x"}),
    ("approve", {"call": "nobody", "decision": "perhaps"}),
    ("title", {"title": "\ud800"}),
]


@pytest.mark.parametrize(("op", "fields"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_done_is_refused_in_the_view_that_asked(op: str, fields: dict[str, Any]) -> None:
    """With the client's id, so that what was typed comes back; nothing else happens, and nothing reaches another view."""
    with running_app(Reply.text("one")) as server:
        s = nbchat.session("notes")
        s.ask("hi")
        browser, other = Browser(s), Browser(s)
        browser.say(op, **{**fields, **({"message": browser.id(1)} if fields.get("message") == "" else {})})
        if op == "title":  # half a character is mended, not refused
            browser.wait(lambda: browser.state["title"] not in ("", "notes"))
            return
        assert browser.got("refused")["client_id"] == fields.get("client_id")
        assert browser.texts == other.texts == ["hi", "one"]
        assert not any(each["op"] == "refused" for each in other.messages)
        assert len(server.chats) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"op": "requeue", "turn": 1, "text": "x"},
        {"op": "switch"},
        {"op": "edit", "message": "m", "text": None, "client_id": "c"},
        {"op": "regenerate", "message": ["m"], "client_id": "c"},
        {"op": "hide", "message": "m", "hidden": 1},
        {"op": "restore", "messages": "m"},
        {"op": "approve", "call": "c"},
        {"op": "title", "title": 3},
        {"op": ["title"], "title": "x"},
    ],
)
def test_nonsense_is_ignored(fields: dict[str, Any]) -> None:
    """A page of another version, or no page of ours."""
    with running_app():
        browser = Browser(nbchat.session("notes"))
        browser._post(fields)
        browser.say("title", title="after it")
        browser.wait(lambda: browser.state["title"] == "after it")
        assert not any(each["op"] == "refused" for each in browser.messages)


def test_a_closed_conversation_is_opened_again_by_what_is_done_in_its_view() -> None:
    """Not only by a question; a private one is gone, and says so."""
    with running_app(Reply.text("one"), Reply.text("two"), Reply.text("three")):
        s = nbchat.session("notes")
        s.ask("hi")
        browser = Browser(s)
        nbchat.manager.close("notes")
        browser.say("regenerate", message=browser.id(1), client_id="c1")
        browser.shows("hi", "two")
        nbchat.manager.close("notes")
        browser.say("switch", message=browser.page.messages[1]["siblings"][0])
        browser.shows("hi", "one")
        secret = nbchat.session("secret", private=True)
        secret.ask("hi")
        view = Browser(secret)
        view.shows("hi", "three")
        nbchat.manager.close("secret")
        view.say("send", text="more", client_id="c2")
        assert "nothing of it was kept" in view.got("refused")["error"]["text"]


def test_a_cells_running_answer_is_stopped_although_its_next_turn_waits() -> None:
    """The question is edited while its answer runs: stop means what it names."""
    gate = Gate()
    with running_app(Reply.text(tokens=["one", "more"], gate=gate), Reply.text("two")):
        s = nbchat.session("notes")
        cell = Browser(s, s.send("hi"))
        gate.release(1)
        cell.wait(lambda: cell.texts == ["hi", "one"])
        running = cell.page.messages[1]["id"]
        cell.say("edit", message=cell.id(0), text="hello", client_id="c1")
        waiting = cell.got("sent")["turn"]
        cell.wait(lambda: cell.state["queue"] == [{"turn": waiting, "text": "hello"}])
        assert s._core.turn is not None
        cell.say("stop", turn=s._core.turn.id)
        cell.shows("hello", "two")
        stopped = s._core.message(running)
        assert stopped is not None
        assert (stopped.text, stopped.status) == ("one", "stopped")


def test_a_cells_view_is_the_new_turns_when_its_answer_goes_on() -> None:
    """Stopped, resumed from the cell, asked again: state, queue and stop are those of the turn that it shows now."""
    gate, more = Gate(), Gate()
    with running_app(Reply.text(tokens=["Hel", "never"], gate=gate), Reply.text(tokens=["lo ", "there"], gate=more)):
        s = nbchat.session("notes")
        turn = s.send("hi")
        cell, thread = Browser(s, turn), Browser(s)
        gate.release(1)
        cell.wait(lambda: cell.texts == ["hi", "Hel"])
        cell.say("stop")
        cell.shows("hi", "Hel")
        cell.say("resume", message=cell.id(1), client_id="c1")
        resumed = cell.got("sent")["turn"]
        more.release(1)
        cell.wait(lambda: cell.texts == ["hi", "Hello "] and cell.state["status"] == "streaming")
        look = cell.background.call(cell.services.hub.look, cell.view)
        assert (look["snapshot"]["turn"], look["snapshot"]["messages"][1]["parts"][0]["text"]) == (resumed, "Hello ")
        cell.say("stop", turn=turn.id)  # a late copy
        more.release(1)
        cell.wait(lambda: cell.texts == ["hi", "Hello there"])
        cell.say("stop", turn=resumed)
        cell.shows("hi", "Hello there")
        thread.shows("hi", "Hello there")
        assert cell.page.messages == [{**m, "parent": m["parent"]} for m in thread.page.messages]


def test_a_stop_that_reads_on_says_so_and_a_second_one_ends_that() -> None:
    """The stop that comes on the other way is the same one; a page that is asked again says that it means at once."""
    gate = Gate()
    with running_app(Reply.text(tokens=["one ", "two"], gate=gate)):
        nbchat.settings.drain_seconds = 60
        s = nbchat.session("notes")
        browser = Browser(s)
        browser.say("send", text="hi", client_id="c1")
        turn = browser.got("sent")["turn"]
        gate.release(1)
        browser.wait(lambda: browser.texts == ["hi", "one "])
        for _ in range(2):
            browser.say("stop", turn=turn)
            assert browser.got("stopping") == {"op": "stopping", "turn": turn, "counting": True}
        assert s.status == "streaming"
        browser.say("stop", turn=turn, at_once=True)
        browser.shows("hi", "one ")
        assert s.messages[-1].status == "stopped"
