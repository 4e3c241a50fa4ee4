"""%chat in a real JupyterLab: a question goes out as it was typed and is answered below its cell."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import view_of, wait_for_answers
from tests.e2e.opening import KEY, OpenChat


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def test_question_is_answered_below_its_cell(open_chat: OpenChat) -> None:
    """A line that ends in ? is a question to the model, not to IPython's help."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat what is a monad?"])
        notebook.run(1)
        expect(view_of(notebook.cell(1)).answers).to_have_text(["You said: what is a monad?"])
        assert server.chats[0].question == "what is a monad?"


def test_run_all_answers_every_cell_in_order(open_chat: OpenChat) -> None:
    """Five %chat cells at once: each request holds what was said before, and each cell shows its own answer."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [f"%chat question {n}" for n in range(5)])
        notebook.run_all()
        for n in range(5):
            expect(view_of(notebook.cell(n + 1)).answers).to_have_text([f"You said: question {n}"])
        assert [chat.question for chat in server.chats] == [f"question {n}" for n in range(5)]
        assert [len(chat.messages) for chat in server.chats] == [1, 3, 5, 7, 9]


@pytest.mark.alone
def test_fifty_answers_survive_a_reload_within_five_seconds(open_chat: OpenChat) -> None:
    """Every %chat cell of a long notebook shows its answer again soon after the page is back."""
    cells = 50
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [f"%chat question {n}" for n in range(cells)])
        notebook.run_all()
        server.wait_for(cells, timeout=60)
        expect(view_of(notebook.cell(cells)).answers).to_have_text([f"You said: question {cells - 1}"])
        notebook.reload()
        wait_for_answers(notebook.page, [f"You said: question {n}" for n in range(cells)], timeout=5000)


def test_keys_typed_in_the_composer_stay_there(open_chat: OpenChat) -> None:
    """Shift+Enter breaks the line instead of running the cell, Enter sends, and the draft is gone when it was sent."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('keys')\ns.widget"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.composer.press_sequentially("one")
        view.composer.press("Shift+Enter")
        view.composer.press_sequentially("two")
        view.composer.press("Enter")
        expect(view.answers).to_have_count(1)
        expect(view.composer).to_have_value("")
        assert [chat.question for chat in server.chats] == ["one\ntwo"]
        assert notebook.value("In[-1].count('widget')") == 1
