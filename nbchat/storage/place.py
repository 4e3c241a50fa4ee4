"""Place: where the database is. Owns the rule of environment variables and directories; opens nothing.

Order: what the caller says, `NBCHAT_STORE` (a path or "memory:"), `NBCHAT_HOME` (a directory), the user's data directory.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbchat.core.errors import ConfigError

__all__ = ["DATABASE_NAME", "Place", "data_directory", "find_place"]

DATABASE_NAME = "nbchat.db"
_MEMORY = "memory:"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""Two characters at least, so that the drive of `C:\\chats.db` is no scheme."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database file, or this process's memory (`path` is None)."""

    path: Path | None

    @property
    def in_memory(self) -> bool:
        """Whether nothing is saved."""
        return self.path is None

    def __str__(self) -> str:
        return _MEMORY if self.path is None else str(self.path)


def data_directory(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Return the directory of nbchat's data: `NBCHAT_HOME`, else the platform's place for a user's data.

    Linux and others: the XDG base directory specification; macOS: Application Support; Windows: %LOCALAPPDATA%.
    """
    env = os.environ if environ is None else environ
    if home := env.get("NBCHAT_HOME"):
        return Path(home).expanduser()
    if platform == "darwin":
        return Path("~/Library/Application Support/nbchat").expanduser()
    if platform == "win32":
        local = env.get("LOCALAPPDATA")
        return (Path(local) if local else Path("~/AppData/Local").expanduser()) / "nbchat"
    data = env.get("XDG_DATA_HOME", "")
    # The specification: a relative path in the variable is invalid and must be ignored.
    return (Path(data) if os.path.isabs(data) else Path("~/.local/share").expanduser()) / "nbchat"


def find_place(given: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None) -> Place:
    """Return where to keep the database; `given` wins over the environment. Raises ConfigError for an unknown scheme."""
    env = os.environ if environ is None else environ
    wanted = os.fspath(given) if given else env.get("NBCHAT_STORE", "")
    if not wanted:
        return Place(data_directory(env) / DATABASE_NAME)
    if wanted in (_MEMORY, ":memory:"):
        return Place(None)
    scheme = _SCHEME.match(wanted)
    if scheme is not None:
        raise ConfigError(
            f"nbchat cannot keep its database at {scheme[1]}: only files and memory are supported.",
            hint='Set NBCHAT_STORE to a path, or to "memory:" to save nothing.',
        )
    return Place(Path(wanted).expanduser().absolute())
