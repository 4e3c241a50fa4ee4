"""marimo: no ipykernel, no magics, comms of its own, a shadow root around each output. A session's window lives there too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import View
from tests.e2e.marimo_server import Marimo, notebook_of
from tests.e2e.opening import KEY

WINDOW = "s.widget"
Start = Callable[..., Marimo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a marimo server with a notebook of these cells below the one that opens the session."""
    started: list[Marimo] = []

    def made(server: ScriptedServer, *cells: str, mode: str = "edit", theme: str = "light") -> Marimo:
        home = tmp_path / f"marimo-{len(started)}"
        home.mkdir()
        started.append(Marimo(home, notebook_of(server, *cells), mode, theme=theme, variables={"PEER_KEY": KEY}))
        started[-1].start()
        return started[-1]

    yield made
    for each in started:
        each.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def window(page: Page, count: int = 1) -> View:
    found = page.locator(".nbchat-thread")
    expect(found.locator("textarea")).to_have_count(count)
    return View(found.first)


def run_cell(page: Page, index: int) -> None:
    """Run a cell as a person does: go into its editor and press Ctrl+Enter."""
    page.locator(".cm-editor .cm-content").nth(index).click()
    page.keyboard.press("Control+Enter")


@pytest.mark.parametrize("mode", ["edit", "run"])
def test_answer_streams_and_a_reload_shows_the_same(start: Start, page: Page, mode: str) -> None:
    """Token by token, as the server sends them."""
    gate = Gate()
    with ScriptedServer(Reply.text(tokens=["One", ", two", ", **three**."], gate=gate), api_key=KEY) as server:
        page.goto(start(server, WINDOW, mode=mode).url)
        view = window(page)
        view.ask("Count!")
        for shown in ("One", "One, two", "One, two, three."):
            gate.release(1)
            expect(view.answers).to_have_text([shown])
        gate.open()
        expect(view.stop).to_have_count(0)
        page.reload()
        expect(window(page).answers).to_have_text(["One, two, three."])
        assert len(server.chats) == 1


def test_stop_keeps_what_has_come(start: Start, page: Page) -> None:
    gate = Gate()
    with ScriptedServer(Reply.text(tokens=["One", " two", " three"], gate=gate), api_key=KEY) as server:
        page.goto(start(server, WINDOW).url)
        view = window(page)
        view.ask("Count!")
        gate.release(2)
        expect(view.answers).to_have_text(["One two"])
        view.stop.click()
        server.wait_closed()
        expect(view.stop).to_have_count(0)
        expect(view.answers).to_have_text(["One two"])
        expect(view.root).to_contain_text("stopped")


def test_tokens_arrive_while_a_cell_runs_and_stop_says_when_it_will_work(start: Start, page: Page) -> None:
    """marimo hears a page between cells only: the view says so, and the answer is stopped when the cell has ended."""
    gate = Gate()
    block = "import pathlib, time\nwhile pathlib.Path('block').exists():\n    time.sleep(0.05)"
    with ScriptedServer(Reply.text(tokens=["One", " two", " three"], gate=gate), api_key=KEY) as server:
        marimo = start(server, WINDOW, block)
        page.goto(marimo.url)
        view = window(page)
        view.ask("Count!")
        gate.release(1)
        expect(view.answers).to_have_text(["One"])
        (marimo.home / "block").touch()
        run_cell(page, 2)
        gate.release(1)
        expect(view.answers).to_have_text(["One two"])
        view.stop.click()
        expect(view.root).to_contain_text("busy")
        (marimo.home / "block").unlink()
        server.wait_closed()
        expect(view.stop).to_have_count(0)
        expect(view.answers).to_have_text(["One two"])


def test_cell_that_is_run_again_shows_a_window_that_works(start: Start, page: Page) -> None:
    """marimo closes the comms of what a cell showed before; the session goes on."""
    with ScriptedServer(echo, api_key=KEY) as server:
        page.goto(start(server, WINDOW).url)
        window(page).ask("one")
        expect(window(page).answers).to_have_text(["You said: one"])
        for question in ("two", "three"):
            window(page).root.evaluate("node => { node.dataset.before = '' }")
            run_cell(page, 1)
            expect(page.locator(".nbchat-thread[data-before]")).to_have_count(0)
            expect(window(page).answers).to_have_text(["You said: one", "You said: two"][: len(server.chats)])
            window(page).ask(question)
            expect(window(page).answers.last).to_have_text(f"You said: {question}")
        assert [len(chat.messages) for chat in server.chats] == [1, 3, 5]


def test_keys_of_the_composer_are_not_marimos(start: Start, page: Page) -> None:
    """Shift+Enter breaks the line, where marimo would run the cell; chords that create, move or format cells do nothing."""
    with ScriptedServer(echo, api_key=KEY) as server:
        page.goto(start(server, WINDOW).url)
        view = window(page)
        view.composer.fill("one")
        for key in ("Shift+Enter", "Control+Shift+o", "Control+b", "Control+s", "Control+k"):
            view.composer.press(key)
        expect(view.composer).to_have_value("one\n")
        expect(page.locator(".cm-editor")).to_have_count(2)
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_dark_marimo_has_a_dark_window(start: Start, page: Page) -> None:
    with ScriptedServer(echo, api_key=KEY) as server:
        page.goto(start(server, WINDOW, theme="dark", mode="run").url)
        expect(window(page).root).to_have_attribute("data-theme", "dark")


def test_windows_stand_in_marimos_own_containers(start: Start, page: Page) -> None:
    """Beside each other, and in a tab that is hidden at first: each shows the conversation, at its end."""
    boxes = (
        "import marimo as mo\nfor n in range(6): s.ask(f'{n}\\n' * 9)\n"
        "mo.vstack([mo.hstack([s.widget, s.widget]), mo.ui.tabs({'front': mo.md('x'), 'chat': s.widget})])"
    )
    with ScriptedServer(echo, api_key=KEY) as server:
        page.goto(start(server, boxes, mode="run").url)
        view = window(page, 2)
        page.get_by_role("tab", name="chat").click()
        hidden = page.locator(".nbchat-thread").last
        expect(page.locator(".nbchat-thread").locator("textarea")).to_have_count(3)
        log = hidden.get_by_role("log")
        log.scroll_into_view_if_needed()
        expect(View(hidden).answers.last).to_be_in_viewport()
        assert log.evaluate("log => log.scrollHeight - log.clientHeight - log.scrollTop") < 4
        view.ask("one")
        for n in range(3):
            expect(View(page.locator(".nbchat-thread").nth(n)).answers.last).to_have_text("You said: one")
