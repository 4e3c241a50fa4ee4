"""Desk: the pages of a run of tests, in a browser that keeps what it compiled: loading JupyterLab costs more than most tests do.

Where it does not matter a page of JupyterLab stays loaded from test to test. It is put back as it was found: what was opened is
closed, and what nbchat keeps in a page is gone, so that the next test sees its front end load as in a new one. A page that cannot
be put back, or that a failed test had, is closed instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.e2e.lab import Lab

__all__ = ["OPEN", "PATIENCE", "VIEWPORT", "Desk"]

HARNESS = Path(__file__).with_name("harness.js")
OPEN = 60_000
"""Milliseconds that a page may need until its kernel answers, on a machine with two busy cores."""
PATIENCE = 30_000
"""Milliseconds for everything else that is waited for in a page."""
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}

_numbers = itertools.count()


@dataclass(frozen=True)
class _Kept:
    lab: Lab
    page: Page
    state: str
    """How it stood before anybody had it."""


class Desk:
    """`new()` and `take()` give pages; `tidy()` puts them back."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        context.set_default_timeout(PATIENCE)
        self._idle: list[_Kept] = []
        self._taken: list[_Kept] = []
        self._new: list[Page] = []
        self._endings: list[Callable[[], None]] = []

    @property
    def pages(self) -> list[Page]:
        """The pages that are in use."""
        return [page for page in (*self._new, *(each.page for each in self._taken)) if not page.is_closed()]

    def new(self) -> Page:
        """Return a new page, with the harness in all that it loads."""
        page = self.context.new_page()
        page.add_init_script(path=HARNESS)
        self._new.append(page)
        return page

    def take(self, lab: Lab) -> Page:
        """Return a page of a server's JupyterLab that shows no notebook."""
        kept = next((each for each in self._idle if each.lab is lab), None)
        if kept is None:
            kept = self._load(lab)
        else:
            self._idle.remove(kept)
        self._taken.append(kept)
        return kept.page

    def _load(self, lab: Lab) -> _Kept:
        page = self.context.new_page()
        page.add_init_script(path=HARNESS)
        page.goto(lab.url("", workspace=f"desk-{next(_numbers)}"))
        page.wait_for_function("() => window.jupyterapp", timeout=OPEN)
        page.evaluate("() => window.jupyterapp.restored.then(() => {})")
        return _Kept(lab, page, page.evaluate("() => window.__lab.clear()"))

    def afterwards(self, ending: Callable[[], None]) -> None:
        """Call `ending` when pages are put back or closed."""
        self._endings.append(ending)

    def tidy(self) -> None:
        """Put back what was taken, and close the rest."""
        self._end()
        for kept in self._taken:
            page = kept.page
            if page.is_closed():
                continue
            page.mouse.move(0, 0)
            if page.viewport_size == VIEWPORT and page.evaluate("() => window.__lab.clear()") == kept.state:
                self._idle.append(kept)
            else:
                page.close()
        self._taken.clear()
        for page in self.pages:
            page.evaluate("() => localStorage.clear()")  # which it shares with the others of its server
        self.discard()

    def discard(self) -> None:
        """Close all that is in use: nobody knows how it stands."""
        self._end()
        for page in self.pages:
            page.close()
        self._taken.clear()
        self._new.clear()

    def _end(self) -> None:
        for ending in self._endings:
            ending()
        self._endings.clear()
