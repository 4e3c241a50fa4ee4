"""Conversations in the window of a real JupyterLab: another one, a new one, other names, the archive and back, a file of one."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import View, view_of
from tests.e2e.held import HeldCell
from tests.e2e.opening import KEY, OpenChat

THREAD = "s = nbchat.session('first')\ns.widget"


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def drawer(view: View) -> Locator:
    """The open drawer."""
    if not view.root.locator(".drawer").count():
        view.root.get_by_role("button", name="More", exact=True).click()
        view.root.get_by_role("menuitem", name="Conversations…").click()
    return view.root.get_by_role("dialog", name="Conversations")


def titles(view: View) -> Locator:
    return drawer(view).locator(".conversation-title")


def test_conversations_are_begun_found_renamed_archived_and_brought_back(open_chat: OpenChat) -> None:
    """In one view; the Python handle and a second view stay with theirs, and a reload shows what was opened last."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD, "nbchat.ChatWidget(s)"])
        notebook.run(1)
        notebook.run(2)
        view, other = view_of(notebook.cell(1)), view_of(notebook.cell(2))
        title = view.root.locator(".title-button")
        view.ask("about walruses")
        expect(view.answers).to_have_text(["You said: about walruses"])
        expect(view.root.locator(".also")).to_have_text("also open in 1 view")

        drawer(view).get_by_role("button", name="New conversation").click()
        expect(view.answers).to_have_count(0)
        expect(view.composer).to_be_focused()
        view.ask("about ships")
        expect(view.answers).to_have_text(["You said: about ships"])
        expect(other.answers).to_have_text(["You said: about walruses"])
        expect(view.root.locator(".also")).to_have_count(0)
        assert notebook.value("[m.text for m in s.messages]") == ["about walruses", "You said: about walruses"]

        expect(titles(view)).to_have_text(["about ships", "about walruses"])
        view.root.locator(".drawer-search").press("ArrowDown")
        notebook.page.keyboard.press("F2")
        expect(view.root.locator("input.title-box")).to_be_focused()
        notebook.page.keyboard.type("Vessels")
        notebook.page.keyboard.press("Enter")
        expect(title).to_have_text("Vessels")

        drawer(view).get_by_label("Search conversations").fill("WALRUS")
        expect(titles(view)).to_have_text(["about walruses"])
        notebook.page.keyboard.press("Enter")
        expect(view.answers).to_have_text(["You said: about walruses"])
        expect(view.root.locator(".drawer")).to_have_count(0)

        expect(titles(view)).to_have_count(2)
        for key in ("ArrowDown", "Home", "Delete"):
            notebook.page.keyboard.press(key)
        expect(titles(view)).to_have_count(1)
        toast = view.root.locator(".undo")
        expect(toast).to_contain_text("is in the archive.")
        toast.get_by_role("button", name="Undo").click()
        expect(titles(view)).to_have_count(2)

        view.root.locator(".conversation-title", has_text="Vessels").click()
        expect(view.answers).to_have_text(["You said: about ships"])
        notebook.reload()
        expect(view_of(notebook.cell(1)).answers).to_have_text(["You said: about ships"])
        expect(view_of(notebook.cell(2)).answers).to_have_text(["You said: about walruses"])


def test_a_conversation_is_downloaded_as_the_session_exports_it(open_chat: OpenChat, tmp_path: Path) -> None:
    """In many pieces, under a name made of its title; nothing is written where the kernel runs."""
    text = "".join(f"Line {n} of a long answer.\n" for n in range(6_000))
    with ScriptedServer([Reply.text(text)], api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('first')\nm = s.ask('All')\ns.title = 'All / of it?'\ns.widget"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        expect(view.root.locator(".title-button")).to_have_text("All / of it?")
        for form, name in (("md", "Markdown"), ("json", "JSON"), ("ipynb", "Notebook"), ("html", "Web page")):
            wanted = tmp_path / f"wanted.{form}"
            notebook.exec(f"s.export({str(wanted)!r})")
            with notebook.page.expect_download(timeout=60_000) as downloading:
                view.root.get_by_role("button", name="More", exact=True).click()
                view.root.get_by_role("menuitem", name=re.compile(f"^{name} ")).click()
            download = downloading.value
            assert download.suggested_filename == f"All - of it.{form}"
            assert Path(download.path()).read_text("utf-8") == wanted.read_text("utf-8")


def test_the_header_tells_of_a_busy_kernel_and_of_one_that_ended(open_chat: OpenChat, tmp_path: Path) -> None:
    """A dot while a cell runs for long, since answers go on; a line with what to do when the kernel is gone."""
    held = HeldCell(tmp_path)
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD, held.code])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask("one")
        expect(view.answers).to_have_text(["You said: one"])
        view.root.get_by_role("button", name=re.compile("^Cost of the whole")).click()
        expect(view.root.get_by_role("dialog", name="Cost and context")).to_contain_text("1 request")
        notebook.page.keyboard.press("Escape")
        notebook.start(2)
        expect(view.root.locator(".busy-dot")).to_be_visible()
        held.release()
        notebook.settle()
        expect(view.root.locator(".busy-dot")).to_have_count(0)
        notebook.page.evaluate("path => __lab.kernel(path).restart()", notebook.path)
        expect(view.root.locator(".kernel-line")).to_contain_text("Run the cell above again to go on")
