"""A working day in the window of a real JupyterLab: cells gone back to, several views at once, a restart, the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import View, view_of, wait_until
from tests.e2e.notebook import Notebook
from tests.e2e.opening import KEY, OpenChat

THREAD = "s = nbchat.session()\ns.widget"


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def focus(view: View) -> Locator:
    return view.root.locator(":focus")


PLACE = "message => message.getBoundingClientRect().top - message.closest('.log').getBoundingClientRect().top"
"""How far below the upper edge of its window a message stands."""


def press(notebook: Notebook, button: Locator, key: str = "Enter") -> None:
    button.focus()
    notebook.page.keyboard.press(key)


def test_an_earlier_cell_is_resumed_while_another_runs_and_nothing_leaves_the_thread(open_chat: OpenChat) -> None:
    """What waits says what it is and is offered once; a page that is loaded anew in mid-stream goes on; the later cell stays."""
    first, second, rest = Gate(), Gate(), Gate()

    def script(request: Request) -> Reply:
        if len(request.json["messages"]) == 1:
            return Reply.text(tokens=["one ", "two ", "x"], gate=first)
        last = request.question == "then"
        return Reply.text("and then", gate=second) if last else Reply.text(tokens=["three ", "four"], gate=rest)

    with ScriptedServer(script, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD, "%chat count", "%chat then"])
        notebook.run(1)
        notebook.run(2)
        first.release(2)
        thread, cell = view_of(notebook.cell(1)), view_of(notebook.cell(2))
        expect(cell.answers).to_have_text(["one two"])
        press(notebook, cell.stop)
        expect(cell.root.get_by_role("button", name="Resume")).to_be_visible()
        expect(focus(cell)).to_have_attribute("aria-label", "Chat answer")
        notebook.run(3)
        cell.root.get_by_role("button", name="Resume").click()
        expect(cell.root).to_contain_text("Queued, next")
        expect(cell.root.get_by_role("button", name="Resume")).to_be_disabled()
        expect(thread.root.locator(".waiting")).to_contain_text("The rest of its answer is queued")
        expect(thread.root.get_by_role("button", name="Edit queued question")).to_have_count(0)
        second.open()
        rest.release(1)
        expect(cell.answers).to_have_text(["one two three"])
        notebook.reload()
        thread, cell = view_of(notebook.cell(1)), view_of(notebook.cell(2))
        expect(cell.answers).to_have_text(["one two three"])
        rest.open()
        expect(cell.answers).to_have_text(["one two three four"])
        expect(thread.answers).to_have_text(["one two three four", "and then"])
        assert notebook.value("[m.text for m in s.messages]") == ["count", "one two three four", "then", "and then"]


def test_a_decision_in_one_view_is_seen_in_the_other(open_chat: OpenChat) -> None:
    """Three calls at once, in a thread and a cell: allowed in the cell, denied in the thread by a key, the last one stopped."""

    def script(request: Request) -> Reply:
        if request.json["messages"][-1]["role"] == "tool":
            return Reply.text("Done.")
        return Reply.text("Three. ", tool_calls=[("double", {"n": n}) for n in (1, 2, 3)])

    tool = 'ran = []\ndef double(n: int) -> int:\n    "Double."\n    ran.append(n)\n    return 2 * n\ns.tools = [double]'
    with ScriptedServer(script, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD, tool, "%chat go"])
        for index in (1, 2, 3):
            notebook.run(index)
        thread, cell = view_of(notebook.cell(1)), view_of(notebook.cell(3))
        cards = [view.root.locator(".approval") for view in (thread, cell)]
        left = 3
        for view, name, key in ((cell, "Allow once", "Enter"), (thread, "Deny", "Space")):
            for each in cards:
                expect(each).to_have_count(left)
            button = view.root.locator(".approval").first.get_by_role("button", name=name)
            expect(button).to_have_attribute("aria-disabled", "false")
            press(notebook, button, key)
            left -= 1
        for each in cards:
            expect(each).to_have_count(left)
        expect(focus(thread)).to_have_class("approvals")
        thread.stop.click()
        for view in (thread, cell):
            expect(view.root.locator(".approval")).to_have_count(0)
            expect(view.root).to_contain_text("stopped")
            expect(view.root.locator(".tool .ending")).to_have_text(["", "not allowed", "failed"])
        expect(focus(thread)).to_have_attribute("aria-label", "Your question")
        assert notebook.value("ran") == [1]
        cell.root.get_by_role("button", name="Resume").click()
        expect(thread.answers.last).to_have_text("Done.")


def test_a_view_of_a_restarted_kernel_gives_the_words_back(open_chat: OpenChat) -> None:
    """It says what to do; the cell run again goes on with the conversation."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask("one")
        expect(view.answers).to_have_text(["You said: one"])
        notebook.page.evaluate("path => __lab.kernel(path).restart()", notebook.path)
        notebook.wait_ready()
        view.ask("two")
        expect(view.root).to_contain_text("has ended or was restarted")
        expect(view.composer).to_have_value("two")
        expect(view.root.locator(".waiting")).to_have_count(0)
        notebook.run(0)
        notebook.run(1)
        view = view_of(notebook.cell(1))
        expect(view.answers).to_have_text(["You said: one"])
        view.ask("two")
        expect(view.answers).to_have_text(["You said: one", "You said: two"])


def test_restart_and_run_all_shows_ten_answers_and_sends_nothing(open_chat: OpenChat) -> None:
    """Each below its cell, with the date; the last one run again asks anew, without the label."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [f"%chat {number}" for number in range(1, 11)])
        notebook.run_all()
        expect(view_of(notebook.cell(10)).answers).to_have_text(["You said: 10"])
        assert len(server.chats) == 10
        notebook.page.evaluate("path => __lab.kernel(path).restart()", notebook.path)
        notebook.wait_ready()
        notebook.run_all()
        for number in range(10, 0, -1):
            cell = notebook.cell(number)
            cell.scroll_into_view_if_needed()
            expect(view_of(cell).answers).to_have_text([f"You said: {number}"])
            expect(view_of(cell).root.locator(".continues")).to_contain_text("run again to ask anew")
        assert len(server.chats) == 10
        notebook.run(10)
        expect(view_of(notebook.cell(10)).root.locator(".continues")).to_have_count(0)
        expect(view_of(notebook.cell(10)).answers).to_have_text(["You said: 10"])
        assert len(server.chats) == 11


def test_a_message_far_up_is_deleted_and_taken_back_by_keyboard(open_chat: OpenChat) -> None:
    """One stop a row, arrows along it; the place is kept, and Undo has the focus."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [f"{THREAD.splitlines()[0]}\nfor n in range(12): s.ask(f'question {{n}}')", "s.widget"])
        notebook.run(1)
        notebook.run(2)
        view, keyboard = view_of(notebook.cell(2)), notebook.page.keyboard
        expect(view.answers).to_have_count(12)
        question = view.root.locator(".message.user").nth(3)
        question.get_by_role("button", name="Edit question").focus()
        keyboard.press("ArrowLeft")
        expect(focus(view)).to_have_attribute("aria-label", "Delete question and its answers")
        top = question.evaluate(PLACE)
        keyboard.press("Enter")
        expect(view.answers).to_have_count(11)
        expect(focus(view)).to_have_text("Undo")
        wait_until(view.root.locator(".message.user").nth(3), f"(message, top) => ({PLACE})(message) === top", top)
        keyboard.press("Enter")
        expect(view.answers).to_have_count(12)
        expect(focus(view)).to_have_attribute("aria-label", "Messages")
        keyboard.press("Tab")
        assert focus(view).evaluate("button => button.closest('.actions') !== null")
