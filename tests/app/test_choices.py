"""What people chose is kept, and acts: who names conversations, how long they stay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import nbchat
from nbchat.app import app
from nbchat.testing import Reply, ScriptedServer
from tests.support.apps import app_of, running_app


def test_models_on_this_machine_and_the_demo_are_not_asked_for_titles_unless_one_says_so() -> None:
    """A title is not worth a local model's cache, and the demo is no language model; elsewhere it is one small request."""
    with running_app():
        nbchat.add_provider("far", base_url="https://api.example.com/v1", api_key="k-far-away")
        helps = app().ports.helper_requests
        assert [helps(name) for name in ("lab", "demo", "far")] == [False, False, True]
        nbchat.settings.titles = "always"
        assert [helps(name) for name in ("lab", "far")] == [True, True]
        nbchat.settings.titles = "off"
        assert [helps(name) for name in ("lab", "far")] == [False, False]


def test_titles_come_from_the_model_when_they_may() -> None:
    """Through the whole app: the request is in the ledger under its purpose and in the session's cost."""
    with running_app(Reply.text("A burrito."), Reply.text("Burritos")):
        nbchat.settings.titles = "always"
        s = nbchat.session("notes")
        titles: list[str] = []
        done = s.on("changed", lambda _: titles.append(s.title))
        s.ask("What is a monad?")
        app().background.wait(settled("notes"), 20)
        done()
        assert s.title == "Burritos"
        assert list(nbchat.ledger()["purpose"]) == ["answer", "title"]


async def settled(name: str) -> None:
    """Wait until the session's title is made; on the loop."""
    session = app().manager.get(name)
    assert session is not None
    task = session._titles._task
    assert task is not None
    await task


def test_what_is_old_goes_at_the_next_start() -> None:
    """Retention is a purge at every start: what was touched lately stays, what was not goes, the ledger stays."""
    with running_app(Reply.text("one"), Reply.text("two")):
        nbchat.session("old").ask("a")
        nbchat.session("new").ask("b")
        for name in ("old", "new"):
            nbchat.manager.close(name)
        found = app().background.wait(app().ports.store.find("old"))
        assert found is not None
        app().background.wait(app().ports.store.update(found.id, updated=found.updated - 31 * 86_400))
        nbchat.settings.retention_days = 30
        app().close()
        assert [row["name"] for row in nbchat.manager.conversations(archived=None)] == ["new"]
        assert len(nbchat.ledger()) == 2
        assert nbchat.settings.retention_days == 30


def test_a_database_that_refuses_the_purge_does_not_keep_nbchat_from_starting(tmp_path: Path) -> None:
    """What is old goes at a later start; the chat goes on."""
    path = tmp_path / "nbchat.db"
    with ScriptedServer([Reply.text("one"), Reply.text("two")], models=("tiny",)) as server:
        with app_of(server, path):
            nbchat.session("old").ask("a")
            nbchat.settings.retention_days = 1e-9
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("CREATE TRIGGER refuse BEFORE DELETE ON conversations BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
        with app_of(server, path):
            assert nbchat.session("old").ask("b").text == "two"
            assert len(nbchat.session("old").messages) == 4


def test_prompts_of_two_kernels_are_both_kept(tmp_path: Path) -> None:
    """A prompt is added to those that are saved by then, not to those that this kernel read at its start."""
    path = tmp_path / "nbchat.db"
    with ScriptedServer([], models=("tiny",)) as server, app_of(server, path):
        nbchat.prompts["mine"] = "Be mine."
        saved_there = '{"mine": "Be mine.", "theirs": "Be theirs."}'
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE settings SET value = ? WHERE name = 'prompts'", (saved_there,))
        nbchat.prompts["third"] = "Be third."
        assert {"mine", "theirs", "third"} <= set(nbchat.prompts)
        del nbchat.prompts["mine"]
        assert "theirs" in nbchat.prompts
        assert "mine" not in nbchat.prompts
