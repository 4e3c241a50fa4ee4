"""The labextension, in JupyterLab and Notebook 7: a side panel, questions about cells, running code; nothing happens unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.held import HeldCell
from tests.e2e.lab import Lab
from tests.e2e.opening import KEY, Open, OpenChat
from tests.e2e.panels import KEYS, Panel

CODE = "Like this:\n\n```python\nfirst = 1\n```\n\nor:\n\n```python\nif second:\n    print(`2`)\n```\n"

FAILS = """import sys
for n in range(3):
    print(n, "wéit \\u202e", flush=True)
print("careful", file=sys.stderr, flush=True)
{"sum": 1 / 0}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"), {"PEER_KEY": KEY}, labextension=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fresh() -> bool:
    """The panel is a part of its page, and begins in a new one."""
    return True


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def echo(request: Request) -> Reply:
    return Reply.text(CODE if "code" in request.question else f"You said: {request.question}")


def test_kernel_without_nbchat_is_left_alone_until_somebody_asks(open_notebook: Open) -> None:
    """The panel says so, and its button runs a cell that everybody sees; a kernel that begins anew is as before."""
    notebook = open_notebook(["x = 1"])
    panel = Panel(notebook)
    panel.show()
    expect(panel.root).to_contain_text("nbchat is not loaded in this notebook's kernel")
    assert notebook.value("len(In)") == 1  # the empty one that every kernel begins with
    assert panel.sources() == ["x = 1"]
    panel.root.get_by_role("button", name="Load nbchat").click()
    expect(panel.rows).to_have_count(1)
    assert panel.sources() == ["x = 1", "%load_ext nbchat"]
    assert notebook.value("In[1:]") == ["get_ipython().run_line_magic('load_ext', 'nbchat')"]
    notebook.page.evaluate("path => window.__lab.kernel(path).restart()", notebook.path)
    expect(panel.root).to_contain_text("nbchat is not loaded in this notebook's kernel")
    notebook.page.evaluate("path => window.__lab.kernel(path).info", notebook.path)
    notebook.run(1)
    expect(panel.rows).to_have_count(1)


def test_notebook_without_its_kernel_shows_what_was_kept(open_notebook: Open) -> None:
    """Nothing is run: of a view that is gone and its transcript, the latter is all there is to see."""
    notebook = open_notebook(["%chat hi"])
    written = json.loads(notebook.file.read_text())
    view = {"application/vnd.jupyter.widget-view+json": {"version_major": 2, "version_minor": 0, "model_id": "gone"}}
    written["cells"][0]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": data}
        for data in ({**view, "text/html": ""}, {"text/markdown": "It was said.\n\n[](#nbchat-transcript)"})
    ]
    notebook.file.write_text(json.dumps(written))
    notebook.page.evaluate("path => __lab.panel(path).context.revert()", notebook.path)
    notebook.page.evaluate("path => __lab.panel(path).context.model.cells.get(0).trusted = true", notebook.path)
    shown = notebook.cell(0).locator(".jp-OutputArea-output")
    expect(shown.filter(has_text="model not found")).to_be_hidden()
    expect(shown.filter(has_text="It was said.")).to_be_visible()


def test_conversation_is_read_and_led_in_the_panel(open_chat: OpenChat) -> None:
    """What a cell asked is there; what is asked there is in the kernel's session; a second conversation stands beside it."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat one", "s = nbchat.session()"])
        panel = Panel(notebook)
        panel.show()
        notebook.run(1)
        expect(panel.thread.answers).to_have_text(["You said: one"])
        panel.thread.ask("two")
        expect(panel.thread.answers).to_have_text(["You said: one", "You said: two"])
        notebook.run(2)
        assert notebook.value("[m.text for m in s.messages][-2:]") == ["two", "You said: two"]
        panel.root.get_by_role("button", name="New").click()
        expect(panel.rows).to_have_count(2)
        expect(panel.thread.answers).to_have_count(0)
        panel.thread.ask("three")
        expect(panel.thread.answers).to_have_text(["You said: three"])
        panel.rows.nth(1).click()
        expect(panel.thread.answers).to_have_text(["You said: one", "You said: two"])
        expect(panel.rows.nth(1)).to_have_attribute("aria-current", "true")


def test_panel_lists_and_streams_while_a_cell_runs(open_chat: OpenChat, tmp_path: Path) -> None:
    """It is opened for the first time in mid-cell: the list comes at once, and says who answers."""
    gate, held = Gate(), HeldCell(tmp_path)
    with ScriptedServer(Reply.text(tokens=["Well", ", yes"], gate=gate), api_key=KEY) as server:
        notebook = open_chat(server, ["%chat is it?", held.code])
        notebook.run(1)
        gate.release(1)
        expect(view_of(notebook.cell(1)).answers).to_have_text(["Well"])
        notebook.start(2)
        expect(notebook.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
        panel = Panel(notebook)
        panel.show()
        expect(panel.rows).to_contain_text(["Answering"])
        expect(notebook.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
        gate.open()
        held.release()
        notebook.settle()
        expect(panel.thread.answers).to_have_text(["Well, yes"])
        expect(panel.rows).not_to_contain_text(["Answering"])


def test_question_about_a_cell_is_written_and_not_sent(open_chat: OpenChat) -> None:
    """By the key, below the cell; what the cell holds is quoted, and the first line is the reader's to fill."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["text = '''\n```python\n'''"])
        panel = Panel(notebook)
        panel.activate(1)
        notebook.page.keyboard.press(KEYS)
        notebook.page.wait_for_function("path => window.__lab.panel(path).content.widgets.length === 3", arg=notebook.path)
        assert panel.sources()[2] == "%%chat\n\n\nThe cell:\n````python\ntext = '''\n```python\n'''\n````"
        expect(notebook.cell(2).locator(".cm-content")).to_be_focused()
        notebook.page.keyboard.type("What is it?")
        assert panel.sources()[2].startswith("%%chat\nWhat is it?\n\nThe cell:")
        assert not server.chats
        notebook.run(2)
        expect(view_of(notebook.cell(2)).answers).to_contain_text(["You said: What is it?"])
        assert len(server.chats) == 1


def test_question_in_a_kernel_without_nbchat_brings_the_cell_that_loads_it(open_notebook: Open) -> None:
    notebook = open_notebook(["x = 1"])
    panel = Panel(notebook)
    panel.show()
    expect(panel.root).to_contain_text("nbchat is not loaded in this notebook's kernel")  # it answers: without that nobody knows
    panel.activate(0)
    panel.execute("ask-about-cell")
    assert panel.sources()[1] == "%load_ext nbchat"
    assert panel.sources()[2].startswith("%%chat\n")
    assert notebook.value("len(In)") == 1


def test_error_is_explained_in_the_panel_when_that_shows_a_thread(open_chat: OpenChat) -> None:
    """Its composer gets the cell and its traceback, without the terminal's colours; Enter sends it."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat hi", "1 / 0"])
        panel = Panel(notebook)
        panel.activate(2)
        assert not panel.enabled("explain-error")
        notebook.run(1)
        notebook.run(2)
        panel.show()
        expect(panel.thread.answers).to_have_count(1)
        panel.activate(2)
        assert panel.enabled("explain-error")
        panel.execute("explain-error")
        written = panel.thread.composer.input_value()
        assert written.startswith("Explain this ZeroDivisionError, and how to mend it.\n\nThe cell:\n```python\n1 / 0\n```\n")
        assert re.search(r"It ended with:\n```\n.*ZeroDivisionError: division by zero\n```$", written, re.DOTALL)
        assert "\x1b" not in written
        assert len(server.chats) == 1
        assert len(panel.sources()) == 3
        expect(panel.thread.composer).to_be_focused()
        panel.thread.composer.press("Enter")
        expect(panel.thread.answers).to_have_count(2)
        assert [chat.question for chat in server.chats] == ["hi", written]


def test_code_of_an_answer_goes_into_a_cell_below(open_chat: OpenChat) -> None:
    """The last block of the active cell's answer, as it was written, and not run."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat some code", "%chat hi"])
        notebook.run(1)
        notebook.run(2)
        expect(view_of(notebook.cell(2)).answers).to_have_count(1)
        panel = Panel(notebook)
        panel.activate(1)
        panel.execute("insert-below")
        assert panel.sources()[1:] == ["%chat some code", "if second:\n    print(`2`)", "%chat hi"]
        assert notebook.value("len(In)") == 4


def ran(request: Request) -> Reply:
    return Reply.text(f"Run this:\n\n```python\n{FAILS}\n```" if request.question == "show me" else "I see.")


def test_output_of_code_goes_back_to_the_model(open_chat: OpenChat) -> None:
    """By keyboard alone. Nothing runs before it was agreed to, nothing is sent before Enter, and what is sent is what the cell
    put out, to the byte."""
    with ScriptedServer(ran, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat show me", "after = 1"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        page = notebook.page
        view.root.get_by_role("button", name="Run", exact=True).press("Enter")
        asked = view.root.get_by_role("group", name="Run this code?")
        expect(asked).to_be_focused()
        expect(asked).to_contain_text("Run these 5 lines?")
        assert notebook.value("len(In)") == 3
        page.keyboard.press("Tab")
        consent = view.root.get_by_role("button", name="Run in a new cell below")
        expect(consent).to_be_focused()
        expect(consent).to_have_attribute("aria-disabled", "false")  # a hasty press would be no consent
        page.keyboard.press("Enter")
        offer = view.root.get_by_role("button", name="Ask about the output")
        expect(offer).to_be_focused(timeout=30_000)
        cell = next(each for each in notebook.save()["cells"] if "".join(each["source"]) == FAILS)
        assert [each["id"] for each in notebook.save()["cells"]].index(cell["id"]) == 2
        assert cell["execution_count"] == 3
        assert notebook.value("In[3]") == FAILS
        assert len(server.chats) == 1
        page.keyboard.press("Enter")
        composer = view.composer
        expect(composer).to_be_focused(timeout=30_000)
        expect(composer).to_have_value("This is how your code failed. ")
        chip = view.root.locator(".chip")
        expect(chip.locator(".chip-name")).to_have_text("output-3.txt")
        shown = chip.locator("small").inner_text()
        assert len(server.chats) == 1
        page.keyboard.press("Enter")
        expect(view.answers.last).to_have_text("I see.", timeout=30_000)
        content = server.chats[-1].json["messages"][-1]["content"]
        assert content.endswith("\n\nThis is how your code failed. ")
        sent = content.partition("```\n")[2].rpartition("\n```")[0]
        assert sent.startswith("0 wéit \u202e\n1 wéit \u202e\n2 wéit \u202e\ncareful\n-----")
        assert sent.endswith("ZeroDivisionError: division by zero")
        assert "\x1b" not in sent
        assert shown == f"{len(sent.encode())} B · ~{-(-len(sent) // 4)} tokens"


def test_commands_stand_in_the_menu_the_palette_and_below_the_right_button(open_notebook: Open) -> None:
    notebook = open_notebook(["x = 1"])
    page = notebook.page
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    expect(page.locator(".lm-Menu-itemLabel", has_text="Ask about This Cell")).to_be_visible()
    page.keyboard.press("Escape")
    notebook.cell(0).locator(".jp-InputPrompt").click(button="right")
    menu = page.locator(".lm-Menu")
    expect(menu.locator("[data-command='nbchat:ask-about-cell']")).to_be_visible()
    expect(menu.locator("[data-command='nbchat:explain-error']")).to_have_class(re.compile("lm-mod-disabled"))
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+C")
    expect(page.locator("#modal-command-palette, #command-palette").get_by_text("Show Chat Panel").first).to_be_visible()
