"""Panels: what the tests know of the labextension: its side panel and its commands in a page."""

from __future__ import annotations

from playwright.sync_api import Locator

from tests.e2e.chats import View
from tests.e2e.notebook import Notebook

__all__ = ["KEYS", "Panel"]

KEYS = "Control+Shift+Space"
"""What asks about the active cell."""


class Panel:
    """The side panel of a page, and the commands beside it."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.root = notebook.page.locator("#nbchat-panel")

    def show(self) -> None:
        """Bring it to the front."""
        self.execute("show-panel")
        self.root.wait_for()

    def execute(self, command: str) -> None:
        """Run one of nbchat's commands."""
        self.notebook.page.evaluate("id => window.jupyterapp.commands.execute(id)", f"nbchat:{command}")

    def enabled(self, command: str) -> bool:
        """Say whether a command can be run now."""
        return bool(self.notebook.page.evaluate("id => window.jupyterapp.commands.isEnabled(id)", f"nbchat:{command}"))

    def activate(self, index: int) -> None:
        """Make this cell of the notebook the active one, in command mode."""
        self.notebook.page.evaluate(
            """([path, index]) => {
                const { content } = window.__lab.panel(path)
                content.activeCellIndex = index
                content.mode = "command"
                content.activate()
            }""",
            [self.notebook.path, index],
        )

    def sources(self) -> list[str]:
        """Return the source of every cell."""
        found: list[str] = self.notebook.page.evaluate(
            "path => window.__lab.panel(path).content.widgets.map(cell => cell.model.sharedModel.getSource())", self.notebook.path
        )
        return found

    @property
    def rows(self) -> Locator:
        """The conversations, in order."""
        return self.root.locator("[data-row]")

    @property
    def thread(self) -> View:
        """The conversation that is shown."""
        return View(self.root.locator(".nbchat-thread"))
