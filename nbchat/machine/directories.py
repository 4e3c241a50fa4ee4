"""Where this machine keeps a user's data. Owns the rule of environment variables and platforms; opens nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["data_directory"]


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
