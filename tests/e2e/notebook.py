"""Notebook: one notebook open in one page of a real JupyterLab or Notebook 7, with the hands that tests need."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, WebSocket

from tests.e2e.desk import OPEN, Desk
from tests.e2e.lab import Lab

__all__ = ["Notebook", "Wire", "write_notebook"]

_tabs = itertools.count()


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Save an nbformat 4.5 notebook of code cells."""
    written: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for i, source in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": written}))


class Notebook:
    """One tab, in a page of JupyterLab that is loaded already, or in a new one where it is to be `fresh` (in Notebook 7 it always
    is). `second_tab` opens another on the same file, hence the same kernel.
    """

    def __init__(self, lab: Lab, desk: Desk, path: str, app: str = "lab", *, fresh: bool = False) -> None:
        self.lab = lab
        self.app = app
        self.desk = desk
        self.path = path
        self.fresh = fresh or app != "lab"
        self.page: Page = desk.new() if self.fresh else desk.take(lab)
        self.wire = Wire(self.page)
        desk.afterwards(self.wire.close)
        if self.fresh:
            self.page.goto(lab.url(path, workspace=f"tab-{next(_tabs)}", app=app))
        else:
            self.page.evaluate("path => window.__lab.open(path)", path)
        self.wait_ready()

    @property
    def file(self) -> Path:
        """The notebook on disk."""
        return self.lab.folder / self.path

    def wait_ready(self) -> None:
        """Wait until the kernel has answered this page."""
        self.page.wait_for_function("path => window.__lab?.connected(path)", arg=self.path, timeout=OPEN)
        self.page.evaluate("path => window.__lab.ready(path)", self.path)

    def reload(self) -> None:
        """Save, as JupyterLab does by itself every two minutes, and load the page anew; the kernel lives on."""
        self.save()
        self.page.reload()
        self.wait_ready()

    def second_tab(self) -> Notebook:
        """Save, and open the same notebook in a further tab."""
        self.save()
        return Notebook(self.lab, self.desk, self.path, self.app, fresh=self.fresh)

    def start(self, index: int) -> None:
        """Run a cell and return at once."""
        self.page.evaluate("([path, index]) => window.__lab.run(path, index)", [self.path, index])

    def run(self, index: int) -> None:
        """Run a cell and wait until it has ended."""
        self.start(index)
        self.settle()

    def run_all(self) -> None:
        """Run every cell and wait until the last has ended."""
        self.page.evaluate("path => window.__lab.runAll(path)", self.path)
        self.settle()

    def settle(self) -> None:
        """Wait for the end of what was started last."""
        self.page.evaluate("() => window.__lab.settled()")

    def exec(self, code: str) -> str:
        """Run code in the kernel beside the cells and return what it printed; raises AssertionError with its traceback."""
        out = self.page.evaluate("([path, code]) => window.__lab.exec(path, code)", [self.path, code])
        assert not out["error"], out["error"]
        return str(out["text"]).strip()

    def value(self, expression: str) -> Any:
        """Return the value of a Python expression in the kernel, by JSON."""
        return json.loads(self.exec(f"import json as _json; print(_json.dumps({expression}))"))

    def save(self) -> dict[str, Any]:
        """Save the notebook and return what is in the file."""
        self.page.evaluate("path => window.__lab.save(path)", self.path)
        content: dict[str, Any] = json.loads(self.file.read_text())
        return content

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme, "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("name => window.__lab.theme(name)", name)
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def cell(self, index: int) -> Locator:
        """Return a cell with its output."""
        return self.page.locator(f".jp-Notebook-cell[data-windowed-list-index='{index}']")

    def shut_down(self) -> None:
        """End the kernel and close the page."""
        self.page.evaluate("path => window.__lab.panel(path)?.sessionContext.shutdown()", self.path)
        self.page.close()


class Wire:
    """The comm messages that one page receives over its kernel's websocket; can lose a share of them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frames: list[bytes] = []
        """Every frame of every websocket in both directions: for tests of what must not be in them."""
        page.on("websocket", self._attend)

    def close(self) -> None:
        """Listen no more."""
        self._page.remove_listener("websocket", self._attend)

    def _attend(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._keep)
        socket.on("framesent", self._keep)

    def _keep(self, frame: str | bytes) -> None:
        self.frames.append(frame.encode() if isinstance(frame, str) else frame)

    def lose(self, share: float, *, seed: int = 1) -> None:
        """Drop this share of comm messages from now on, before the application sees them."""
        self._page.evaluate("([loss, seed]) => Object.assign(window.__wire, {loss, seed})", [share, seed])

    def reset(self) -> None:
        """Count from zero."""
        self._page.evaluate("() => Object.assign(window.__wire, {messages: 0, bytes: 0, dropped: 0})")

    def counts(self) -> dict[str, int]:
        """Return `messages`, `bytes` and `dropped` since the last reset."""
        return {name: int(self._page.evaluate("name => window.__wire[name]", name)) for name in ("messages", "bytes", "dropped")}
