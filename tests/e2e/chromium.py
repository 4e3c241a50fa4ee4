"""Which browser the tests drive, and how it is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize

__all__ = ["launch", "launch_profile"]

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
    return playwright.chromium.launch(executable_path=_program(), args=[*ARGUMENTS, *more])


def launch_profile(playwright: Playwright, folder: Path, viewport: ViewportSize) -> BrowserContext:
    """Start one with a profile, which keeps compiled scripts: loading JupyterLab again takes 2.1 s of CPU instead of 3.8."""
    return playwright.chromium.launch_persistent_context(folder, executable_path=_program(), args=ARGUMENTS, viewport=viewport)


def _program() -> str:
    program = CHOSEN or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise RuntimeError("no Chromium: python3 -m tests installs it by apt")
    return program
