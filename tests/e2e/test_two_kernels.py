"""Two notebooks, two kernels, one conversation: the same answer grows in both, and Stop in one stops the other."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from nbchat.testing import Gate, Reply, ScriptedServer, lorem
from tests.e2e.chats import view_of
from tests.e2e.desk import Desk
from tests.e2e.lab import Lab
from tests.e2e.notebook import Notebook, write_notebook
from tests.e2e.opening import KEY, setup_cell

TOKENS = [token.replace("\n\n", " ") for token in lorem(60)]


def text(count: int) -> str:
    return "".join(TOKENS[:count])


def test_the_same_answer_grows_in_both_and_stop_in_one_stops_the_other(lab: Lab, desk: Desk, tmp_path: Path) -> None:
    """Asked in the first; the second shows each token, says whose kernel answers, stops it, and goes on with it."""
    gate = Gate()
    replies = [Reply.text(tokens=TOKENS, gate=gate), Reply.text(tokens=TOKENS[12:20])]
    with ScriptedServer(replies, api_key=KEY) as server:
        cells = [setup_cell(server, tmp_path / "nbchat"), "s = nbchat.session('shared')\ns.widget"]
        opened = []
        for name in ("first", "second"):
            write_notebook(lab.folder / f"kernels-{name}.ipynb", cells)
            notebook = Notebook(lab, desk, f"kernels-{name}.ipynb", fresh=True)
            notebook.run(0)
            notebook.run(1)
            opened.append(notebook)
        first, second = (view_of(notebook.cell(1)) for notebook in opened)
        first.ask("go")
        gate.release(3)
        for view in (first, second):
            expect(view.answers).to_have_text([text(3)])
        expect(second.root.locator(".kernels")).to_contain_text("answered by the kernel of kernels-first")
        expect(first.root.locator(".kernels")).to_contain_text("also followed in 1 other kernel")
        for count in (6, 9, 12):
            gate.release(3)
            for view in (first, second):
                expect(view.answers).to_have_text([text(count)])
        second.stop.click()
        server.wait_closed()
        for view in (first, second):
            expect(view.stop).to_have_count(0)
            expect(view.answers).to_have_text([text(12)])
        assert [notebook.value("s.messages[-1].status") for notebook in opened] == ["stopped"] * 2
        assert opened[1].value("s.resume().result().text") == text(20)
        for view in (first, second):
            expect(view.answers).to_have_text([text(20)])
        for notebook in opened:
            notebook.shut_down()
