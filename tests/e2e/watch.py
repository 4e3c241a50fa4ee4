"""Watch: what an application does while somebody is busy in a view: each command that it runs, and how its notebook stands."""

from __future__ import annotations

from typing import Any

from tests.e2e.notebook import Notebook

__all__ = ["Watch"]


class Watch:
    """Made when the notebook stands as it should go on standing."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        notebook.page.evaluate(
            """() => {
                window.__commands = []
                window.jupyterapp.commands.commandExecuted.connect((_, { id }) => window.__commands.push(id))
            }"""
        )
        self._before = self._look()

    def _look(self) -> Any:
        return self._notebook.page.evaluate(
            """path => {
                const { content } = window.__lab.panel(path)
                return JSON.stringify({
                    cells: content.widgets.map(cell => [cell.model.type, cell.model.sharedModel.getSource()]),
                    active: content.activeCellIndex,
                    selected: content.selectedCells.length,
                    mode: content.mode,
                    kernel: window.__lab.kernel(path).id,
                    restarting: window.__lab.kernel(path).status === 'restarting',
                    dialogs: document.querySelectorAll('.jp-Dialog, .jp-DocumentSearch-overlay:not(.lm-mod-hidden)').length,
                    menus: document.querySelectorAll('.lm-Menu').length,
                })
            }""",
            self._notebook.path,
        )

    def done(self) -> list[str]:
        """Return what the application did since the last call."""
        done: list[str] = self._notebook.page.evaluate("() => window.__commands.splice(0)")
        now = self._look()
        changed = [] if now == self._before else [f"{self._before} became {now}"]
        self._before = now
        return [*done, *changed]
