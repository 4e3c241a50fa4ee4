"""A turn's view unfolds into the thread and folds back, on the comm that it has."""

from __future__ import annotations

import time
from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.notebook.wire import Json
from nbchat.testing import Reply
from tests.notebook.browser import Browser
from tests.notebook.page import Page, text_of
from tests.support.apps import running_app

EMPTY: Json = {"generation": 0, "seq": 0, "ended": True, "turn": None, "messages": [], "more": False}


class Unfolded:
    """The thread that a browser shows in its turn's place: it begins with nothing, and hears only through the turn's view."""

    def __init__(self, browser: Browser, name: str = "page") -> None:
        self._browser = browser
        self._read = len(browser.messages)
        self.state: Json = {}
        self.page = Page(name, "thread", EMPTY, "idle", time.monotonic(), lambda message: self.say(**message))

    def say(self, op: str, **fields: Any) -> None:
        self._browser.say("thread", message={"op": op, **fields})

    def shows(self, *texts: str) -> None:
        """Wait until it shows these texts."""

        def holds() -> bool:
            for message in self._browser.messages[self._read :]:
                if "message" in message:
                    self.page.custom(message["message"], time.monotonic())
                self.state.update(message.get("state", {}))
            self._read = len(self._browser.messages)
            shown = [text_of(each) for each in self.page.messages]
            return shown == list(texts) and self.page.position[2] and "title" in self.state

        self._browser.wait(holds)


def views() -> int:
    return app().background.call(lambda: app().services.hub.seen[0])


def test_a_turns_view_unfolds_into_the_thread_and_stays_what_it_is() -> None:
    """Questions can be asked there, and its saved state is the turn's."""
    with running_app(*(Reply.text(text) for text in ("one", "two", "three"))):
        s = nbchat.session("notes")
        first, second = s.send("a"), s.send("b")
        second.result()
        cell = Browser(s, first)
        cell.shows("a", "one")
        thread = Unfolded(cell)
        thread.shows("a", "one", "b", "two")
        assert (thread.state["conversation"], views()) == (s.state.conversation_id, 2)
        thread.say("send", text="c", client_id="c1")
        thread.shows("a", "one", "b", "two", "c", "three")
        assert cell.texts == ["a", "one"]
        look = cell.background.call(cell.services.hub.look, cell.view)
        assert [text_of(each) for each in look["snapshot"]["messages"]] == ["a", "one"]


def test_what_is_folded_is_told_nothing_any_more() -> None:
    """Fifty cells cost what one costs; a closed cell closes what it had unfolded."""
    with running_app(*(Reply.text(text) for text in ("one", "two", "three"))):
        s = nbchat.session("notes")
        turn = s.send("a")
        turn.result()
        cell = Browser(s, turn)
        Unfolded(cell).shows("a", "one")
        cell.say("fold")
        assert cell.got("thread")
        cell.wait(lambda: cell.messages[-1:] == [{"op": "thread"}])
        cell.messages.clear()
        s.ask("b")
        assert (cell.messages, views()) == ([], 1)
        Unfolded(cell).shows("a", "one", "b", "two")
        assert views() == 2
        cell.close()
        assert views() == 0


def test_a_reloaded_page_leaves_no_thread_open_that_nobody_shows() -> None:
    """Another page that still shows it is told, and opens it again."""
    with running_app(Reply.text("one")):
        s = nbchat.session("notes")
        turn = s.send("a")
        turn.result()
        cell = Browser(s, turn)
        Unfolded(cell).shows("a", "one")
        cell.messages.clear()
        cell.say("hello", generation=0, have=0, page="reloaded")
        cell.wait(lambda: {"op": "thread"} in cell.messages)
        assert views() == 1
        thread = Unfolded(cell, "another")
        thread.shows("a", "one")
        Unfolded(cell, "a third").shows("a", "one")


def test_only_a_turns_view_unfolds() -> None:
    """Neither a thread, nor what has been unfolded."""
    with running_app(Reply.text("one")):
        s = nbchat.session("notes")
        turn = s.send("a")
        turn.result()
        hello = {"op": "hello", "generation": 0, "have": 0, "page": "page"}
        thread, cell = Browser(s), Browser(s, turn)
        thread.say("thread", message=hello)
        cell.say("thread", message={"op": "thread", "message": hello})
        Unfolded(cell).shows("a", "one")
        assert (thread.view.inner, views()) == (None, 3)


@pytest.mark.parametrize("message", [{}, {"op": ["hello"]}, {"op": "hello", "generation": 0, "have": 0, "page": ["page"]}])
def test_nonsense_unfolds_nothing(message: Json, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does it trouble what is unfolded."""
    with running_app(Reply.text("one")):
        s = nbchat.session("notes")
        turn = s.send("a")
        turn.result()
        cell = Browser(s, turn)
        cell.say("thread", message=message)
        assert views() == 1
        thread = Unfolded(cell)
        thread.shows("a", "one")
        cell.say("thread", message=message)
        assert views() == 2
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
