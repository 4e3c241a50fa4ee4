"""A notebook that is opened without the kernel that made it, and what one saves for that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import Locator, Request, expect

from nbchat.testing import Gate, Reply, ScriptedServer
from nbchat.testing import Request as Question
from tests.e2e.chats import view_of
from tests.e2e.desk import Desk
from tests.e2e.notebook import Notebook
from tests.e2e.opening import KEY, OpenChat

CELLS = ["%chat one", "s = nbchat.session()\ns.widget"]


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_saved_transcript_never_rebuilds_a_live_view(open_chat: OpenChat) -> None:
    """The view below the cell and the thread are the same nodes before and after the turn's end, which fills the transcripts."""
    gate = Gate()
    with ScriptedServer(Reply.text(tokens=["to ", "the ", "end"], gate=gate), api_key=KEY) as server:
        notebook = open_chat(server, CELLS)
        notebook.run(1)
        notebook.run(2)
        gate.release(1)
        expect(view_of(notebook.cell(2)).answers).to_have_text(["to"])
        nodes = "[...document.querySelectorAll('.nbchat-live, .nbchat-thread')].flatMap(host => "
        nodes += "[host, host.shadowRoot.querySelector('.message.assistant')])"
        before = notebook.page.evaluate_handle(nodes)
        gate.open()
        expect(view_of(notebook.cell(1)).stop).to_have_count(0)
        kept = _kept(notebook)
        expect(kept.nth(0)).to_contain_text("to the end")
        expect(kept.nth(1)).to_contain_text("to the end")
        for each in (0, 1):
            expect(kept.nth(each)).to_be_hidden()
        assert notebook.page.evaluate(f"before => {nodes}.map((node, at) => node === before[at])", before) == [True] * 4
        written = json.dumps(notebook.save())
        assert written.count("to the end") == 2
        assert "ChatWidget" not in written


def answer(request: Question) -> Reply:
    return Reply.text(f"You said *{request.question}*, $x^2$. <img src=x onerror=alert(1)> ![p](https://evil.test/p.png)")


def _fill(notebook: Notebook) -> None:
    """Run the cells, and save when the transcripts are full."""
    notebook.run(1)
    notebook.run(2)
    expect(view_of(notebook.cell(2)).answers).to_contain_text(["You said one"])
    for each in (0, 1):
        expect(_kept(notebook).nth(each)).to_contain_text("You said one")
    notebook.save()


def _kept(notebook: Notebook) -> Locator:
    return notebook.page.locator(".jp-RenderedMarkdown:has(a[href='#nbchat-transcript'])")


def test_a_reader_without_the_kernel_finds_every_answer_once(open_chat: OpenChat, desk: Desk) -> None:
    """In JupyterLab with a fresh kernel the transcripts are all there is to read."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook = open_chat(server, CELLS)
        _fill(notebook)
        notebook.shut_down()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    desk.context.on("request", note)
    again = Notebook(notebook.lab, desk, notebook.path, notebook.app, fresh=True)
    for cell in (1, 2):
        expect(again.cell(cell).get_by_text("You said one")).to_have_count(1)
        expect(again.cell(cell).get_by_text("You said one")).to_be_visible()
    desk.context.remove_listener("request", note)
    assert not any("evil" in url for url in asked)
    again.run(0)
    again.run(1)  # the views' own styles are in the page: what ipywidgets says where the thread was is hidden, too
    expect(again.cell(2).locator(".jp-OutputArea-output", has_text="model not found")).to_have_count(1)
    expect(again.cell(2).locator(".jp-OutputArea-output:visible")).to_have_count(1)


@pytest.mark.parametrize("app", ["lab"])
def test_a_converted_notebook_shows_every_answer_once(open_chat: OpenChat, desk: Desk, tmp_path: Path) -> None:
    """nbconvert, which GitHub and nbviewer use: the transcripts are all there is, and nothing hostile is active in them."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook = open_chat(server, CELLS)
        _fill(notebook)
    page, _ = HTMLExporter().from_filename(str(notebook.file))  # type: ignore[no-untyped-call]
    (tmp_path / "page.html").write_text(page)
    asked: list[str] = []
    plain = desk.new()
    plain.on("request", lambda request: asked.append(request.url))
    plain.goto((tmp_path / "page.html").as_uri())
    for cell in (1, 2):
        shown = plain.locator(".jp-Cell").nth(cell).locator(".jp-OutputArea-output")
        assert [text for text in shown.all_inner_texts() if text.strip()] == [shown.nth(1).inner_text()]
        expect(shown.nth(1)).to_contain_text("You said one")
        expect(shown.nth(1).locator("em").filter(has_text="one")).to_have_count(1)
        expect(shown.locator("img, script")).to_have_count(0)
    assert not any("evil" in url for url in asked)
