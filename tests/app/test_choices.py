"""What people chose is kept, and acts: who names conversations, how long they stay."""

from __future__ import annotations

import pytest

import nbchat
from nbchat.app import app
from nbchat.core.errors import StorageError
from nbchat.storage.fallback import FallbackStore
from nbchat.testing import Reply
from tests.support.apps import running_app


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


def test_a_database_in_trouble_keeps_what_is_old_and_the_chat_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention is no reason not to start."""
    with running_app(Reply.text("one"), Reply.text("two")):
        nbchat.session("old").ask("a")
        nbchat.settings.retention_days = 30
        app().close()

        async def refuse(self: FallbackStore, before: float, **options: object) -> int:
            raise StorageError("the database is read-only.")

        monkeypatch.setattr(FallbackStore, "purge", refuse)
        assert [row["name"] for row in nbchat.manager.conversations()] == ["old"]
        assert nbchat.session("new", model="demo/demo").ask("hi").status == "complete"
