"""Parts of the front end that come when they are first needed, in a real JupyterLab."""

from __future__ import annotations

from playwright.sync_api import expect

from nbchat.testing import Reply, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat


def test_what_is_opened_on_demand_comes_from_the_kernel(open_chat: OpenChat) -> None:
    """The model menu is in extras.js, which shares the app's modules: it draws with the same state and sets the model."""
    with ScriptedServer([Reply.text("Hello.")], api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('menu')\ns.widget", "print(s.model)"])
        notebook.run(1)
        thread = view_of(notebook.cell(1))
        button = thread.root.get_by_role("button", name="Model:")
        button.click()
        menu = thread.root.get_by_role("dialog", name="Models")
        expect(menu.get_by_role("option").first).to_contain_text("scripted")
        menu.get_by_role("combobox").press("Escape")
        expect(menu).to_have_count(0)
        expect(button).to_be_focused()
