"""Which browser the tests drive, and how it is started."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

__all__ = ["launch"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHOSEN = os.environ.get("NBCHAT_CHROMIUM")
"""Another browser than the first of these, by its path."""
ARGUMENTS = (
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-background-timer-throttling",  # a second tab must go on living while the first is in front
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


def launch(playwright: Playwright, *more: str) -> Browser:
    """Start the system's Chromium, with `more` arguments; raises RuntimeError where there is none."""
    program = CHOSEN or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise RuntimeError("no Chromium: python3 -m tests installs it by apt")
    return playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *more])
