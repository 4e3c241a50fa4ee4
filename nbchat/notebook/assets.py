"""Assets: the built front end, read once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nbchat.core.errors import ConfigError

__all__ = ["APP", "ASKED", "STATIC", "VIEW", "code"]

STATIC = Path(__file__).resolve().parent.parent / "static"
VIEW = "widget.js"
"""The small module of every view: protocol and state."""
APP = "app.js"
"""The user interface, loaded once a kernel and page."""
ASKED = {"app": APP, "extras": "extras.js", "math": "math.js"}
"""What a page may ask for, by name: the user interface where its own way of coming failed, what is opened on demand, formulas."""


@lru_cache(maxsize=8)
def code(name: str) -> str:
    """Return the text of a built file; raises ConfigError, with how to build it, when it is not there."""
    path = STATIC / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise ConfigError(
            f"nbchat's front end is not built: {name} is missing in {STATIC}.",
            hint="Run `python js/hatch_build.py` in a checkout; an installed package that lacks it is broken: install it anew.",
        ) from None
