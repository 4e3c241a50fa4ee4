"""Private turns are told to this kernel's views alone: their jobs and logs are in its memory, whatever other sessions use."""

from __future__ import annotations

import nbchat
from nbchat.app import app
from nbchat.testing import Gate, Reply
from tests.notebook.browser import Browser
from tests.support.apps import running_app


def test_the_streams_of_other_kernels_know_nothing_of_a_private_turn() -> None:
    """Neither while it runs nor afterwards; its view shows each word as it comes."""
    gate = Gate()
    with running_app(Reply.text(tokens=["one ", "two"], gate=gate), Reply.text("three")):
        s = nbchat.session("hush", private=True)
        turn = s.send("hi")
        browser = Browser(s)
        gate.release(1)
        browser.wait(lambda: browser.texts == ["hi", "one "])
        shared, core = app().ports, s._core.turn
        assert core is not None
        wait = app().background.wait
        assert wait(shared.jobs.get_job_count()) == 0
        assert wait(shared.log.resume_state(core.id)) is None
        gate.open()
        browser.shows("hi", "one two")
        assert turn.result().text == "one two"
        assert wait(shared.jobs.get_job_count()) == 0
        assert nbchat.session("notes").ask("hi").text == "three"
        assert wait(shared.jobs.get_job_count()) == 1


def test_what_a_private_session_asked_is_remembered_nowhere() -> None:
    """Neither when its provider was used last, nor for which model, nor among the recent ones."""
    with running_app(Reply.text("one"), Reply.text("two")) as server:
        assert nbchat.session("hush", private=True).ask("hi").text == "one"
        assert len(server.chats) == 1

        def noted() -> tuple[object, object]:
            (row,) = [row for row in nbchat.list_providers() if row["provider"] == "lab"]
            return row["last used"], row["last model"]

        assert noted() == (None, None)
        assert list(nbchat.list_models(recent=True)) == []
        nbchat.session("notes").ask("hi")
        assert noted()[1] == "tiny"
