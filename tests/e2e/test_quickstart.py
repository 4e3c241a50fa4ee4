"""The quickstart as a newcomer meets it: opened, run from top to bottom, answered by the demo model."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.chats import view_of, views
from tests.e2e.opening import Open
from tests.support.quick_demo import QUICK_DEMO

QUICKSTART = Path(__file__).resolve().parents[2] / "notebooks" / "quickstart.ipynb"


def test_quickstart_walks_through(open_notebook: Open) -> None:
    """Every cell runs without an error, every %chat cell is answered, and the windows show the conversation."""
    cells = [cell for cell in json.loads(QUICKSTART.read_text())["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    notebook = open_notebook(sources)
    notebook.exec(QUICK_DEMO)
    for index, source in enumerate(sources):
        notebook.run(index)
        if source.startswith(("%chat", "%%chat")):
            expect(view_of(notebook.cell(index)).answers).not_to_be_empty(timeout=30_000)
    saved = notebook.save()
    assert [out for cell in saved["cells"] for out in cell["outputs"] if out["output_type"] == "error"] == []
    windows = [view for view in views(notebook.page) if view.composer.count()]
    assert len(windows) >= 2
    windows[0].ask("Show me a table.")
    for window in windows[:2]:
        expect(window.root.locator(".message.user").last).to_contain_text("Show me a table.")
        expect(window.root.locator(".message.assistant").last.locator("table")).to_have_count(1)
