"""Pictures of nbchat in its real hosts, light and dark: python -m tests.e2e.host_screens OUTDIR

lab-*, notebook-* (with the side panel, which shows the conversation that a cell began, and a question about an error), marimo-*.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.chromium import launch
from tests.e2e.desk import Desk
from tests.e2e.lab import Lab
from tests.e2e.marimo_server import Marimo, notebook_of
from tests.e2e.notebook import Notebook, write_notebook
from tests.e2e.opening import KEY, setup_cell
from tests.e2e.panels import Panel

SIZE = ViewportSize(width=1400, height=900)
ANSWER = """Sort by a key, and keep what is equal in order:

```python
rows.sort(key=lambda row: row["price"])
```

| way | stable |
|---|---|
| `sorted` | yes |
| `heapq.nsmallest` | no |
"""


def answer(_request: Request) -> Reply:
    return Reply.text(ANSWER)


def jupyter(lab: Lab, browser: Browser, server: ScriptedServer, app: str, theme: str, out: Path) -> None:
    name = f"{app}-{theme}"
    with TemporaryDirectory() as home:
        write_notebook(
            lab.folder / f"{name}.ipynb",
            [setup_cell(server, Path(home)), "%chat How do I sort rows by price?", 'rows[0]["price"]'],
        )
        context = browser.new_context(viewport=SIZE)
        notebook = Notebook(lab, Desk(context), f"{name}.ipynb", app, fresh=True)
        notebook.theme(f"JupyterLab {theme.capitalize()}")
        if app == "lab":
            notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        panel = Panel(notebook)
        panel.show()
        for index in range(3):
            notebook.run(index)
        expect(view_of(notebook.cell(1)).answers).to_have_count(1)
        expect(panel.thread.answers).to_have_count(1, timeout=30_000)
        expect(panel.rows).not_to_contain_text(["Waiting"])  # the list follows half a second behind
        panel.activate(2)
        panel.execute("explain-error")
        notebook.page.mouse.move(0, 0)
        notebook.page.screenshot(path=out / f"{name}.png", animations="disabled")
        notebook.shut_down()
        context.close()


def marimo(browser: Browser, server: ScriptedServer, mode: str, theme: str, out: Path) -> None:
    with TemporaryDirectory() as home:
        host = Marimo(Path(home), notebook_of(server, "s.widget"), mode, theme=theme, variables={"PEER_KEY": KEY})
        host.start()
        try:
            page = browser.new_page(viewport=SIZE)
            page.goto(host.url)
            view = view_of(page.locator("body"))
            view.composer.wait_for(timeout=60_000)
            view.ask("How do I sort rows by price?")
            expect(view.answers).to_have_count(1)
            expect(view.stop).to_have_count(0)
            page.screenshot(path=out / f"marimo-{mode}-{theme}.png", animations="disabled")
            page.close()
        finally:
            host.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as home,
        sync_playwright() as playwright,
        ScriptedServer(answer, api_key=KEY) as server,
    ):
        browser = launch(playwright)
        lab = Lab(Path(home), {"PEER_KEY": KEY}, labextension=True)
        lab.start()
        try:
            for theme in ("light", "dark"):
                for app in ("lab", "notebook"):
                    jupyter(lab, browser, server, app, theme, out)
                for mode in ("edit", "run"):
                    marimo(browser, server, mode, theme, out)
        finally:
            lab.stop()
            browser.close()


if __name__ == "__main__":
    main()
