"""Place: where the database is. Owns the rule of environment variables and directories; opens nothing.

Order: what the caller says, `NBCHAT_STORE` (a path or "memory:"), `NBCHAT_HOME` (a directory), the user's data directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbchat.core.errors import ConfigError
from nbchat.machine.directories import data_directory

__all__ = ["DATABASE_NAME", "Place", "find_place"]

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
