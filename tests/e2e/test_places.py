"""Views wherever a notebook can put one: in boxes, tabs, an Output widget, a second place of the same output, a moved cell."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import VIEW, View, view_of, wait_until
from tests.e2e.opening import KEY, OpenChat

BOXES = {
    "VBox": "w.VBox([s.widget, s.widget])",
    "HBox": "w.HBox([s.widget, nbchat.ChatWidget(s)])",
    "Tab": "w.Tab([s.widget, w.Label('other')], titles=['chat', 'other'])",
    "Accordion": "w.Accordion([s.widget], titles=['chat'], selected_index=0)",
    "Output": "out = w.Output()\nout.append_display_data(s.widget)\nout",
    "Output by with": "out = w.Output()\nwith out:\n    display(s.widget)\nout",
    "display": "display(s.widget, s.widget)",
}

COUNTS = {"VBox": 2, "HBox": 2, "display": 2}


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def test_views_stand_in_widgets_of_others(open_chat: OpenChat) -> None:
    """Each shows the conversation, takes a question, and has a height and a width that can be used."""
    with ScriptedServer(echo, api_key=KEY) as server:
        setup = "import ipywidgets as w\ns = nbchat.session('places')"
        notebook = open_chat(server, [setup, *BOXES.values()])
        notebook.run(1)
        for index, (name, _) in enumerate(BOXES.items(), 2):
            notebook.run(index)
            found = notebook.cell(index).locator(VIEW)
            expect(found.locator("textarea")).to_have_count(COUNTS.get(name, 1))
            View(found.last).ask(name)
            for n in range(found.count()):
                expect(View(found.nth(n)).answers.last).to_have_text(f"You said: {name}")
                box = found.nth(n).bounding_box()
                assert box is not None
                assert box["width"] > 250, name
                assert box["height"] > 150, name
        assert [chat.question for chat in server.chats] == list(BOXES)


def test_view_in_a_tab_that_was_hidden_opens_at_its_end(open_chat: OpenChat) -> None:
    with ScriptedServer(echo, api_key=KEY) as server:
        tabs = "import ipywidgets as w\nw.Tab([w.Label('front'), s.widget], titles=['front', 'chat'])"
        notebook = open_chat(server, ["s = nbchat.session('tabs')\nfor n in range(12): s.ask(f'{n}\\n' * 9)", tabs])
        notebook.run(1)
        notebook.run(2)
        notebook.cell(2).get_by_text("chat", exact=True).click()
        log = view_of(notebook.cell(2)).root.get_by_role("log")
        expect(view_of(notebook.cell(2)).answers.last).to_be_visible()
        log.scroll_into_view_if_needed()
        expect(view_of(notebook.cell(2)).answers.last).to_be_in_viewport()
        wait_until(log, "log => log.scrollHeight - log.clientHeight - log.scrollTop < 4")


def test_moved_cell_keeps_its_draft(open_chat: OpenChat) -> None:
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('moved')\ns.widget", "x = 1"])
        notebook.run(1)
        view_of(notebook.cell(1)).composer.fill("not sent yet")
        notebook.page.evaluate(
            """path => {
                window.__lab.panel(path).content.activeCellIndex = 1
                return window.jupyterapp.commands.execute('notebook:move-cell-down')
            }""",
            notebook.path,
        )
        expect(view_of(notebook.cell(2)).composer).to_have_value("not sent yet")


@pytest.mark.parametrize("app", ["lab"])
def test_new_view_of_an_output_is_as_live(open_chat: OpenChat, app: str) -> None:
    """JupyterLab's own second place for an output: what is asked there is answered in both."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('twice')\ns.widget", "%chat hi"])
        notebook.run(1)
        notebook.run(2)
        for index in (1, 2):
            notebook.page.evaluate(
                """([path, index]) => {
                    window.__lab.panel(path).content.activeCellIndex = index
                    return window.jupyterapp.commands.execute('notebook:create-output-view')
                }""",
                [notebook.path, index],
            )
        second = notebook.page.locator(".jp-LinkedOutputView")
        expect(second).to_have_count(2)
        thread = View(second.locator(".nbchat-thread"))
        thread.ask("in the second")
        expect(thread.answers.last).to_have_text("You said: in the second")
        expect(view_of(notebook.cell(1)).answers.last).to_have_text("You said: in the second")
        expect(View(second.locator(".nbchat-live")).answers).to_have_text(["You said: hi"])
        assert app == notebook.app
