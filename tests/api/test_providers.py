"""Providers as people set them up: the functions, what they show, and what they keep to themselves."""

from __future__ import annotations

import sqlite3
import traceback
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

import nbchat
from nbchat.app import app
from nbchat.core.errors import ConfigError
from nbchat.core.models import KeyPlace, Provider
from nbchat.export.listings import provider_table
from nbchat.testing import Reply, ScriptedServer
from tests.support.apps import app_of, running_app


def test_a_provider_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    """Added, tested, used, switched off and on, kept for the next kernel, and removed."""
    with ScriptedServer(Reply.text("fine"), models=("tiny",), api_key="sk-CANARY-1") as server:
        with app_of(server, tmp_path / "nbchat.db"):
            nbchat.add_provider("work", preset="openai", base_url=server.base_url, api_key=server.api_key, name="At work")
            assert repr(nbchat.check_provider("work")).splitlines()[-1] == "✓ models     1 chat model"
            assert nbchat.check_provider().provider == "lab"
            assert not [each for each in server.requests if each.is_chat]
            s = nbchat.session("notes", model="work/tiny")
            assert s.ask("hi").text == "fine"
            nbchat.enable_provider("work", False)
            with pytest.raises(nbchat.ChatError, match="switched off"):
                s.ask("again")
            nbchat.enable_provider("work")
            assert s.ask("again").text == "fine"
        with app_of(server, tmp_path / "nbchat.db"):
            (row,) = [row for row in nbchat.list_providers() if row["provider"] == "work"]
            assert (row["name"], row["preset"], row["base_url"]) == ("At work", "openai", server.base_url)
            assert (row["key"], row["enabled"], row["last model"]) == ("given to this process", True, "tiny")
            assert row["created"] <= row["last used"]
            nbchat.remove_provider("work")
            assert "work" not in [row["provider"] for row in nbchat.list_providers()]
            with pytest.raises(ConfigError, match="There is no provider"):
                nbchat.remove_provider("work")
            with pytest.raises(ConfigError, match="built in"):
                nbchat.remove_provider("demo")
    with closing(sqlite3.connect(tmp_path / "nbchat.db")) as db:
        assert "CANARY" not in "\n".join(db.iterdump())


def test_the_table() -> None:
    """All of a provider that a person wants to know; what one has of its own is a column where there is one."""
    lab = Provider("lab", "http://127.0.0.1:1/v1", name="<b>Lab</b>", key=KeyPlace("env", "LAB_KEY"), created=1.0)
    hub = Provider("hub", "https://hub.test/v1", "openrouter", key=KeyPlace("keyring", "hub"), enabled=False)
    table = provider_table([lab, hub])
    shown = repr(table).splitlines()
    assert shown[0].split("  ")[0] == "provider"
    assert "variable LAB_KEY" in shown[1]
    assert "yes" in shown[1]
    assert "OS keyring, hub" in shown[2]
    assert "no" in shown[2].split()
    assert "<b>" not in table._repr_html_()
    assert "proxy" not in table[0]
    with_proxy = Provider("far", "https://far.test/v1", key=KeyPlace("function"), proxy="http://p:1", ca_bundle="/ca.pem")
    rows = provider_table([lab, with_proxy])
    assert [row["proxy"] for row in rows] == [None, "http://p:1"]
    assert [row["ca_bundle"] for row in rows] == [None, "/ca.pem"]
    assert [row["last used"] for row in rows] == [None, None]
    assert rows[1]["key"] == "a function of this process"


def test_a_function_gives_the_key() -> None:
    """Short-lived tokens: each request has the one that the function gives then."""
    count = iter(range(1, 9))
    with running_app(), ScriptedServer(Reply.text("fine"), api_key=None) as server:
        nbchat.add_provider("lab", base_url=server.base_url, api_key=lambda: f"token-{next(count)}")
        s = nbchat.session("notes")
        s.ask("one")
        s.ask("two")
        tokens = [each.headers["authorization"] for each in server.requests]  # the listing of models has one too
        assert sorted(tokens) == ["Bearer token-1", "Bearer token-2", "Bearer token-3"]
        assert len({each.headers["authorization"] for each in server.chats}) == 2


def test_a_function_shows_nothing_in_a_traceback() -> None:
    """P25: neither what it was made of nor what it raised is in a frame of ours, or in the error."""

    def leaky(secret: str) -> str:
        raise RuntimeError(secret)

    function = partial(leaky, "sk-CANARY-9")
    with running_app():
        with pytest.raises(ConfigError) as refused:
            nbchat.add_provider("bad", base_url="ftp://nowhere", api_key=function)
        nbchat.add_provider("lab", base_url="http://127.0.0.1:9/v1", api_key=function)
        with pytest.raises(nbchat.ChatError) as raised:
            nbchat.session("notes").ask("hi")
        assert "raised RuntimeError" in str(raised.value)
        for caught in (refused, raised):
            assert "CANARY" not in str(caught.value)
            frames = [frame for frame, _ in traceback.walk_tb(caught.tb) if "/nbchat/" in frame.f_code.co_filename]
            assert frames
            assert not [frame for frame in frames if "CANARY" in repr(frame.f_locals)]
        assert "CANARY" not in repr(vars(app().registry.keys))
