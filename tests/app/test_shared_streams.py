"""What a kernel shares unasked, what it says of it, and what trouble with it looks like."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

import nbchat
from nbchat.app import app
from nbchat.core.errors import ConfigError, ErrorInfo, UsageError
from nbchat.testing import Reply
from tests.notebook.browser import Browser
from tests.support.apps import running_app
from tests.support.house import answer, eventually


def test_the_file_lies_beside_the_conversations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By default; nothing is shared where nothing is saved, or where one says so."""
    with running_app(Reply.text("one")):
        assert app().streams.place == f"sqlite:{os.environ['NBCHAT_HOME']}/streams.db"
        assert nbchat.session("notes").ask("hi").text == "one"
        figures = nbchat.manager.figures
        assert set(figures) >= {"backend", "jobs", "trouble", "subscribers", "resumes", "dropped", "lag_seconds"}
        assert figures["trouble"] is None
        app().background.wait(eventually(arrived), 20)
    assert (Path(os.environ["NBCHAT_HOME"]) / "streams.db").exists()
    monkeypatch.setenv("NBCHAT_STORE", str(tmp_path / "elsewhere" / "chats.db"))
    with running_app():
        assert app().streams.place == f"sqlite:{tmp_path}/elsewhere/streams.db"
    monkeypatch.setenv("NBCHAT_STORE", "memory:")
    with running_app():
        assert app().streams.place == "memory:"
        assert app().ports.others is None
        assert nbchat.manager.figures["jobs"] == {"running": 0, "complete": 0, "error": 0, "aborted": 0}


async def arrived() -> bool:
    """Whether the shared backend has the one job, ended."""
    return bool((await app().streams.figures())["jobs"] == {"running": 0, "complete": 1, "error": 0, "aborted": 0})


def test_a_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the settings, not in the figures; the server is not there, and answers come all the same."""
    monkeypatch.setenv("NBCHAT_STREAMS", "redis://ada:CANARY@127.0.0.1:1/0?prefix=lab")
    with running_app(Reply.text("one")):
        assert nbchat.session("notes").ask("hi").text == "one"
        shown = f"{nbchat.settings!r} {nbchat.manager.figures}"
        assert "redis://127.0.0.1:1/0" in shown
        assert "CANARY" not in shown


@pytest.mark.parametrize("url", ["redis://ada:CANARY@host:port", "redis://ada:CANARY@host?x=1", "kafka://ada:CANARY@host"])
def test_a_password_is_in_no_traceback(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """P25: Verbose tracebacks print what arguments are bound to, those of a URL that cannot be used too."""
    monkeypatch.setenv("NBCHAT_STREAMS", url)
    with pytest.raises(ConfigError, match="NBCHAT_STREAMS") as refused:
        nbchat.session("notes")
    assert "CANARY" not in "".join(traceback.format_exception(refused.value))
    frames = [frame for frame, _ in traceback.walk_tb(refused.tb) if "/nbchat/" in frame.f_code.co_filename]
    assert len(frames) > 1
    assert not [frame for frame in frames if "CANARY" in repr(frame.f_locals)]


def test_trouble_is_said_beside_that_of_the_database_and_goes_away() -> None:
    """Neither hides the other; when both are over nothing is said any more."""
    with running_app():
        running, s = app(), nbchat.session("notes")
        browser = Browser(s)
        call = running.background.call
        call(running._storage_trouble, ErrorInfo("storage", "the disk is full.", "Make room."))
        call(running._streams_trouble, ErrorInfo("storage", "Nobody can follow.", "Wait."))
        browser.wait(lambda: "Nobody can follow." in (browser.state["notice"] or {}).get("text", ""))
        assert "the disk is full." in browser.state["notice"]["text"]
        assert browser.state["notice"]["hint"] == "Make room. Wait."
        call(running._storage_trouble, None)
        browser.wait(lambda: browser.state["notice"]["text"] == "Nobody can follow.")
        call(running._streams_trouble, None)
        browser.wait(lambda: browser.state["notice"] is None)


def test_how_many_answers_run_is_chosen() -> None:
    """A number or None, for later kernels too."""
    with running_app(*[Reply.text("x")] * 2):
        assert nbchat.settings.max_running is None
        nbchat.settings.max_running = 1
        assert app().ports.max_running() == 1
        turns = [nbchat.session(name).send("hi") for name in ("a", "b")]
        assert [app().background.wait(answer(turn._turn)).status for turn in turns] == ["complete"] * 2
        for wrong in (0, -1, True, 1.5):
            with pytest.raises(UsageError, match="max_running"):
                nbchat.settings.max_running = wrong  # type: ignore[assignment]
        nbchat.settings.max_running = None
        assert app().ports.max_running() is None


def test_who_answers_and_who_follows_is_in_the_views() -> None:
    """As the state has it, and nothing where all is in this kernel."""
    with running_app(Reply.text("one")):
        s = nbchat.session("notes")
        browser = Browser(s)
        assert browser.state["kernels"] is None
        call = app().background.call
        call(s._core.watched, 2)
        browser.wait(lambda: browser.state["kernels"] == {"producer": "", "watchers": 2})
        assert s.state.watchers == 2
        call(s._core.watched, 0)
        browser.wait(lambda: browser.state["kernels"] is None)
