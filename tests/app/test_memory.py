"""What is over is let go of."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import nbchat
from nbchat.app import app
from nbchat.testing import Reply
from tests.notebook.browser import Browser
from tests.support.apps import running_app
from tests.support.house import eventually


def let_go_of(gone: list[weakref.ref[Any]]) -> None:
    """Wait until nothing of this is held: the last task that served it may have a step to go."""

    async def is_over() -> bool:
        gc.collect()
        return not any(each() is not None for each in gone)

    app().background.wait(eventually(is_over), 60)


def test_a_closed_session_and_its_turns_are_let_go_of() -> None:
    """L13: nothing that serves views keeps a conversation that nobody shows."""
    with running_app(Reply.text("one"), Reply.text("two")):
        gone: list[weakref.ref[Any]] = []
        for name in ("a", "b"):
            s = nbchat.session(name)
            s.ask("hi")
            gone.append(weakref.ref(s._core))
            del s
            nbchat.manager.close(name)
        let_go_of(gone)


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
        gone: list[weakref.ref[Any]] = [weakref.ref(thing) for view in views for thing in (view, view.view)] + [
            weakref.ref(s._core)
        ]
        for view in views:
            view.close()
        views.clear()
        del view, s, turn
        nbchat.manager.close("a")
        hub = app().services.hub
        assert not hub._views
        assert not hub._guide.running
        let_go_of(gone)
