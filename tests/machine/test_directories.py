"""Where a user's data is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbchat.machine.directories import data_directory


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
