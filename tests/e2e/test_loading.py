"""A server that loads its model first, in a real JupyterLab: the cell says so, how far it is, and then shows the answer."""

from __future__ import annotations

import threading

from playwright.sync_api import expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat


def test_loading_is_shown_and_then_the_answer(open_chat: OpenChat) -> None:
    """In a cell and in a thread that is opened meanwhile; it is one question, whose waiting is no retry."""
    loaded, gate = threading.Event(), Gate()

    def answer(request: Request) -> Reply:
        return Reply.text(tokens=["Here", " I", " am."], gate=gate) if loaded.is_set() else Reply.loading(0.4)

    with ScriptedServer(answer, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat are you there?", "s = nbchat.session()\ns.widget", "s.engine"])
        notebook.run(1)
        cell = view_of(notebook.cell(1))
        expect(cell.root.locator(".state")).to_have_text("Loading the model… 40 %")
        notebook.run(2)
        thread = view_of(notebook.cell(2))
        expect(thread.root.locator(".state")).to_have_text("Loading the model… 40 %")
        notebook.run(3)
        expect(notebook.cell(3)).to_contain_text("EngineStatus(state='loading', text='Loading the model', progress=0.4)")
        loaded.set()
        gate.release(1)
        expect(cell.answers).to_have_text(["Here"])
        expect(cell.root.locator(".state")).to_contain_text("Generating")
        gate.open()
        expect(cell.answers).to_have_text(["Here I am."])
        expect(thread.answers).to_have_text(["Here I am."])
        expect(cell.root.locator(".state")).to_have_count(0)
        assert {chat.question for chat in server.chats} == {"are you there?"}
