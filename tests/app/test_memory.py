"""What is over is let go of."""

from __future__ import annotations

import gc
import weakref

import nbchat
from nbchat.app import app
from nbchat.testing import Reply
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
