"""Keys typed into a view are the view's: no command of JupyterLab or Notebook takes one, in any box or on any button."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import View, view_of
from tests.e2e.notebook import Notebook
from tests.e2e.opening import KEY, Open, OpenChat
from tests.e2e.watch import Watch

KEYS = (
    "Shift+Enter", "Control+Enter", "Alt+Enter", "Enter", "Escape", "Tab", "Space", "ArrowUp", "ArrowDown", "Delete", "F2",
    "Control+a", "Control+b", "Control+c", "Control+f", "Control+s", "Control+v", "Control+x", "Control+y", "Control+z",
    "Control+Shift+c", "a", "b", "d d", "m", "x", "z", "i i", "0 0",
)  # fmt: skip
"""What runs, stops, saves, searches, cuts, pastes, undoes, deletes or turns cells, moves on, restarts or opens something."""
TYPED = {"Space": " ", "a": "a", "b": "b", "d d": "dd", "m": "m", "x": "x", "z": "z", "i i": "ii", "0 0": "00"}
"""What of it is text; a box holds it afterwards."""
STAY = ("Escape", "Tab", "F2", "Delete", "Control+a", "Control+b", "Control+c", "Control+f", "Control+s", "Control+Shift+c")
"""What leaves the text in the composer alone."""


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def press(notebook: Notebook, key: str) -> None:
    """Press a key or two, and let the page draw what came of it."""
    for part in key.split(" "):
        notebook.page.keyboard.press(part)
    notebook.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def composer(view: View) -> Locator:
    view.composer.fill("one two")
    return view.composer


def title(view: View) -> Locator:
    box = view.root.get_by_label("Title of this conversation")
    if not box.is_visible():
        view.root.locator(".title-button").click()
    box.fill("one two")
    return box


def search(view: View) -> Locator:
    box = view.root.get_by_label("Find a model")
    if not box.is_visible():
        view.root.get_by_role("button", name=re.compile("^Model: |^Choose a model")).first.click()
    box.fill("one two")
    return box


def button(view: View) -> Locator:
    found = view.root.get_by_role("button", name="Copy").first
    found.focus()
    return found


def log(view: View) -> Locator:
    found = view.root.get_by_role("log")
    found.focus()
    return found


@pytest.mark.parametrize("enter", [composer, title, search, button, log], ids=lambda place: place.__name__)
def test_host_takes_no_key_from_a_view(open_chat: OpenChat, enter: Callable[[View], Locator]) -> None:
    """29 of them, one after the other: no command runs, no cell, mode, dialog or kernel changes, and what is text is typed."""
    assert len(set(KEYS)) == 29
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('keys')\ns.ask('hi')\ns.widget", "untouched = 1", "untouched = 2"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        expect(view.answers).to_have_count(1)
        watch = Watch(notebook)
        for key in KEYS:
            place = enter(view)
            watch.done()  # a click that goes to the view makes its cell the active one
            press(notebook, key)
            assert watch.done() == [], f"{key} in the {enter.__name__}"
            if enter not in (button, log) and key in TYPED:
                expect(place).to_have_value(f"one two{TYPED[key]}")
            if enter is composer and key in STAY:
                expect(place).to_have_value("one two")
            if enter is composer and key == "Shift+Enter":
                expect(place).to_have_value("one two\n")
        assert notebook.value("len(In)") == 3
        assert notebook.exec("print('untouched' in globals())") == "False"


def test_view_in_a_rendered_output_of_another_cell_is_as_safe(open_chat: OpenChat) -> None:
    """Inside a VBox, where ipywidgets draws it."""
    with ScriptedServer(echo, api_key=KEY) as server:
        boxed = "from ipywidgets import VBox\nVBox([nbchat.session('keys').widget])"
        notebook = open_chat(server, [boxed, "untouched = 1"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        watch = Watch(notebook)
        for key in ("Shift+Enter", "Control+b", "d d", "Control+z"):
            composer(view)
            watch.done()
            press(notebook, key)
            assert watch.done() == [], key


def test_host_takes_keys_from_a_plain_box(open_notebook: Open) -> None:
    """Otherwise the tests above would show nothing."""
    notebook = open_notebook(["from IPython.display import HTML\nHTML('<textarea></textarea>')", "x = 1"])
    notebook.run(0)
    box = notebook.cell(0).locator("textarea")
    watch = Watch(notebook)
    taken = []
    for key in ("Shift+Enter", "Control+s", "Control+b", "Escape"):
        box.focus()
        watch.done()
        press(notebook, key)
        taken += [key] if watch.done() else []
    assert "Shift+Enter" in taken
    assert len(taken) >= 2
