"""What is pasted, dropped, selected and right-clicked in a view is the view's or the browser's, never the notebook's."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import View, view_of
from tests.e2e.notebook import Notebook
from tests.e2e.opening import KEY, OpenChat
from tests.e2e.watch import Watch

ANSWER = "A [link](https://example.org) and some words.\n\n```python\nx = 1\n```"
DISPATCH = """(box, kind) => {
    const data = new DataTransfer()
    data.setData('text/plain', 'pasted')
    const init = { bubbles: true, composed: true, cancelable: true }
    const event = kind === 'paste'
        ? new ClipboardEvent('paste', { ...init, clipboardData: data })
        : new DragEvent(kind, { ...init, dataTransfer: data })
    box.dispatchEvent(event)
}"""


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def answer(_request: Request) -> Reply:
    return Reply.text(ANSWER)


def opened(open_chat: OpenChat, server: ScriptedServer) -> tuple[Notebook, View, Watch]:
    notebook = open_chat(server, ["s = nbchat.session('mouse')\ns.ask('hi')\ns.widget", "untouched = 1"])
    notebook.run(1)
    view = view_of(notebook.cell(1))
    expect(view.answers).to_have_count(1)
    view.composer.click()  # makes its cell the active one
    return notebook, view, Watch(notebook)


def test_host_takes_nothing_that_is_pasted_or_dropped(open_chat: OpenChat) -> None:
    with ScriptedServer(answer, api_key=KEY) as server:
        _, view, watch = opened(open_chat, server)
        view.composer.fill("one")
        for kind in ("paste", "dragenter", "dragover", "drop"):
            view.composer.evaluate(DISPATCH, kind)
            assert watch.done() == [], kind
        view.composer.press("Control+a")
        view.composer.press("Control+c")
        view.composer.press("Control+v")
        view.composer.press("Control+v")
        assert watch.done() == []


def test_text_is_selected_by_mouse_in_the_box_and_in_the_answer(open_chat: OpenChat) -> None:
    """Shift and a click extend the selection of text, not that of cells."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook, view, watch = opened(open_chat, server)
        view.composer.fill("some words to select")
        box = view.composer.bounding_box()
        assert box is not None
        mouse = notebook.page.mouse
        mouse.click(box["x"] + 16, box["y"] + box["height"] / 2)
        notebook.page.keyboard.down("Shift")
        mouse.click(box["x"] + 120, box["y"] + box["height"] / 2)
        notebook.page.keyboard.up("Shift")
        assert view.composer.evaluate("box => box.selectionEnd - box.selectionStart") > 3
        assert watch.done() == []
        line = view.answers.locator("p").first.bounding_box()
        assert line is not None
        mouse.move(line["x"] + 2, line["y"] + line["height"] / 2)
        mouse.down()
        mouse.move(line["x"] + 120, line["y"] + line["height"] / 2, steps=5)
        mouse.up()
        assert len(notebook.page.evaluate("() => getSelection().toString()")) > 3
        assert watch.done() == []


def test_right_button_opens_the_browsers_menu_where_that_is_of_use(open_chat: OpenChat) -> None:
    """In boxes (paste, spelling), on links and on selected text; elsewhere the notebook's own, as in any output."""
    with ScriptedServer(answer, api_key=KEY) as server:
        notebook, view, watch = opened(open_chat, server)
        link = view.answers.get_by_role("link")
        for place in (view.composer, link):
            place.click(button="right")
            expect(notebook.page.locator(".lm-Menu")).to_have_count(0)
            notebook.page.keyboard.press("Escape")
        watch.done()
        view.answers.locator("p").first.dblclick()
        view.answers.locator("p").first.click(button="right")
        expect(notebook.page.locator(".lm-Menu")).to_have_count(0)
        notebook.page.keyboard.press("Escape")
        notebook.page.evaluate("() => getSelection().removeAllRanges()")
        view.root.locator(".header").click(button="right", position={"x": 200, "y": 5})
        expect(notebook.page.locator(".lm-Menu")).to_have_count(1)
