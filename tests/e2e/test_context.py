"""Names of the notebook in a question, in a real JupyterLab: the list, the chip, what is sent, and the dry run agree."""

from __future__ import annotations

from playwright.sync_api import expect

from nbchat.testing import Reply, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat

CELLS = [
    "import pandas\nplanets = pandas.DataFrame({'name': ['Earth', 'Mars'], 'mass': [5.97, 0.64]})",
    "nbchat.session('context').widget",
    "%chat -s context --dry-run which is heavier in @planets?",
]


def test_a_name_is_chosen_shown_and_sent(open_chat: OpenChat) -> None:
    """By keyboard alone; the chip's tokens are those of what the server got, which the dry run showed."""
    with ScriptedServer([Reply.text("Earth")], api_key=KEY) as server:
        notebook = open_chat(server, CELLS)
        for cell in (1, 2, 3):
            notebook.run(cell)
        view = view_of(notebook.cell(2))
        view.composer.click()
        view.composer.press_sequentially("which is heavier in @pl")
        names = view.root.locator(".names .row-name")
        expect(names).to_have_text(["@planets"])
        view.composer.press("Tab")
        view.composer.press_sequentially("?")
        expect(view.composer).to_have_value("which is heavier in @planets?")
        chip = view.root.locator(".chip small")
        expect(chip).to_contain_text("DataFrame (pandas) · ~")
        shown = chip.inner_text()
        view.composer.press("Enter")
        expect(view.answers).to_have_text(["Earth"])
        content = server.chats[0].json["messages"][0]["content"]
        framed, question = content.rsplit("\n\n", 1)
        assert question == "which is heavier in @planets?"
        assert "0 | Earth | 5.97" in framed
        assert shown == f"DataFrame (pandas) · ~{-(-len(framed) // 4)} tokens"
        expect(view.root.locator(".attachments .file-name")).to_have_text(["@planets"])
        dry = notebook.cell(3).locator(".jp-OutputArea-output details pre")
        assert dry.text_content() == content
