"""What is over is let go of."""

from __future__ import annotations

import gc
import weakref

import nbchat
from nbchat.app import app
from nbchat.testing import Reply
from tests.notebook.browser import Browser
from tests.support.apps import running_app


def test_a_closed_session_and_its_turns_are_let_go_of() -> None:
    """L13: nothing that serves views keeps a conversation that nobody shows."""
    with running_app(Reply.text("one"), Reply.text("two")):
        gone = []
        for name in ("a", "b"):
            s = nbchat.session(name)
            s.ask("hi")
            gone.append(weakref.ref(s._core))
            del s
            nbchat.manager.close(name)
        app().background.call(lambda: None)
        gc.collect()
        assert [each() for each in gone] == [None, None]


def test_closed_views_are_let_go_of_with_all_that_they_showed() -> None:
    """A thread on a branch of its own, a cell that took up a further turn, and what they were asked for twice."""
    with running_app(Reply.text("one", finish_reason="length"), Reply.text("two"), Reply.text("three")):
        s = nbchat.session("a")
        turn = s.send("hi")
        turn.result()
        views = [Browser(s), Browser(s, turn)]
        views[1].say("resume", message=views[1].id(1), client_id="c1")
        views[1].shows("hi", "onetwo")
        views[0].shows("hi", "onetwo")
        views[0].say("regenerate", message=views[0].id(1), client_id="c2")
        views[0].shows("hi", "three")
        views[0].say("switch", message=views[0].page.messages[1]["siblings"][0])
        views[0].shows("hi", "onetwo")
        gone = [weakref.ref(thing) for view in views for thing in (view, view.view)] + [weakref.ref(s._core)]
        for view in views:
            view.close()
        views.clear()
        del view, s, turn
        nbchat.manager.close("a")
        app().background.call(lambda: None)
        hub = app().services.hub
        assert not hub._views
        assert not hub._guide.running
        gc.collect()
        assert [each() for each in gone] == [None] * 5
