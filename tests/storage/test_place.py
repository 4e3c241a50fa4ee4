"""Where the database is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbchat.core.errors import ConfigError
from nbchat.machine.directories import data_directory
from nbchat.storage import find_place


def test_what_is_given_wins() -> None:
    """The caller's place, then NBCHAT_STORE, then NBCHAT_HOME, then the user's data directory."""
    environ = {"NBCHAT_STORE": "/s/store.db", "NBCHAT_HOME": "/h"}
    assert find_place("/given.db", environ).path == Path("/given.db")
    assert find_place(None, environ).path == Path("/s/store.db")
    assert find_place(None, {"NBCHAT_HOME": "/h"}).path == Path("/h/nbchat.db")
    assert find_place(None, {"XDG_DATA_HOME": "/x"}).path == data_directory({"XDG_DATA_HOME": "/x"}) / "nbchat.db"


@pytest.mark.parametrize("text", ["memory:", ":memory:"])
def test_memory(text: str) -> None:
    """Memory is a place without a path."""
    assert find_place(text).in_memory
    assert find_place(None, {"NBCHAT_STORE": text}).in_memory


@pytest.mark.parametrize("url", ["postgresql://u:p@host/db", "redis:", "sqlite:///x.db"])
def test_unknown_scheme(url: str) -> None:
    """A scheme that is not supported is refused with what is, and without repeating the URL (it may hold a password)."""
    with pytest.raises(ConfigError, match="files and memory") as caught:
        find_place(url)
    assert "u:p" not in str(caught.value)


def test_a_drive_is_no_scheme() -> None:
    """A Windows path is a path."""
    assert find_place(r"C:\chats.db").path is not None
