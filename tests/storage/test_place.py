"""Where the database is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbchat.core.errors import ConfigError
from nbchat.storage import data_directory, find_place
from nbchat.storage.filesystem import file_system, is_network


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


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/x"}, "/x/nbchat"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "~/.local/share/nbchat"),
        ("linux", {}, "~/.local/share/nbchat"),
        ("darwin", {}, "~/Library/Application Support/nbchat"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/nbchat"),
        ("win32", {}, "~/AppData/Local/nbchat"),
    ],
)
def test_data_directory(platform: str, environ: dict[str, str], expected: str) -> None:
    """Each platform has its own place for a user's data."""
    assert data_directory(environ, platform) == Path(expected).expanduser()


MOUNTS = r"""/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local ext4 rw 0 0
//nas/x /media/my\040disk cifs rw 0 0
garbage
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/a.db", "ext4"),
        ("/home/me/a.db", "nfs4"),
        ("/home/local/a.db", "ext4"),
        ("/homes/a.db", "ext4"),
        ("/media/my disk/a.db", "cifs"),
    ],
)
def test_file_system(path: str, expected: str) -> None:
    """The innermost mount counts, whole path components only, blanks unescaped."""
    assert file_system(Path(path), MOUNTS) == expected


def test_this_machine(tmp_path: Path) -> None:
    """A temporary directory of the machine that runs the tests is no network file system."""
    assert not is_network(tmp_path / "a.db")
