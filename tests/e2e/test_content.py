"""What stands in an answer, in a real JupyterLab: code goes into a new cell, and what draws formulas comes when it is needed."""

from __future__ import annotations

from playwright.sync_api import expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat

CODE = 'total = 1 + 2\n\nprint("a \\"quoted\\" %s" % total)'
ANSWER = f"The mean is $\\frac{{a+b}}{{2}}$, at $5.\n\n```python\n{CODE}\n```\n\n```rust\nfn main() {{}}\n```\n"


def answer(request: Request) -> Reply:
    return Reply.text(ANSWER)


def test_code_is_inserted_as_the_next_cell(open_chat: OpenChat) -> None:
    """Insert below makes one new code cell right below the view's, with exactly the code; the notebook can undo it."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat show me", "after = 1"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        insert = view.root.get_by_role("button", name="Insert below").first
        insert.click()
        expect(view.root.get_by_role("status").get_by_text("Inserted as a new cell below this one")).to_be_attached()
        cells = notebook.save()["cells"]
        assert [cell["cell_type"] for cell in cells[1:]] == ["code"] * 3
        assert "".join(cells[2]["source"]) == CODE
        assert "".join(cells[3]["source"]) == "after = 1"
        assert notebook.page.evaluate("() => document.activeElement.shadowRoot.activeElement.dataset.do") == "insert"
        notebook.page.evaluate("() => window.jupyterapp.commands.execute('notebook:undo-cell-action')")
        assert len(notebook.save()["cells"]) == 3


def test_code_takes_the_place_of_what_failed(open_chat: OpenChat) -> None:
    """After %nbchat fix, Replace above puts the code into the cell that failed, and into no other; that cell can undo it."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook = open_chat(server, ["before = 1", "half = 1 / 0", "%nbchat fix", "after = 1"])
        notebook.run(2)
        expect(notebook.cell(2)).to_contain_text("ZeroDivisionError")
        notebook.run(3)
        view_of(notebook.cell(3)).root.get_by_role("button", name="Replace above").first.click()
        said = view_of(notebook.cell(3)).root.get_by_role("status")
        expect(said.get_by_text("Replaced the code in the cell above; undo it there")).to_be_attached()
        sources = ["".join(cell["source"]) for cell in notebook.save()["cells"][1:]]
        assert sources == ["before = 1", CODE, "%nbchat fix", "after = 1"]
        notebook.cell(2).locator(".cm-content").click()
        notebook.page.keyboard.press("Control+z")
        assert "".join(notebook.save()["cells"][2]["source"]) == "half = 1 / 0"


def test_formulas_and_rarer_languages_come_over_the_wire(open_chat: OpenChat) -> None:
    """What draws MathML and what colours Rust are loaded from the kernel when an answer needs them."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat show me"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        expect(view.root.locator(".math mfrac")).to_have_count(1)
        expect(view.root.locator(".t-keyword", has_text="fn")).to_have_count(1)
        expect(view.answers).to_contain_text("at $5.")
