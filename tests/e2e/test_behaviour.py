"""How threads and turns behave in a real JupyterLab: long ones, unfolded ones, and what outlives a cell that is run again."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import view_of, wait_until
from tests.e2e.opening import KEY, OpenChat

PARAGRAPH = "Words that fill some lines of the window, so that it has to be scrolled to be read as a whole. " * 8


def long_answer(request: Request) -> Reply:
    return Reply.text(f"{request.question}: {PARAGRAPH}\n\n{PARAGRAPH}")


def top_of(node: Locator) -> float:
    """Where it is in the window, in pixels."""
    box = node.bounding_box()
    assert box is not None
    return box["y"]


AT_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 3"
FROM_TOP = "node.getBoundingClientRect().top - node.closest('.log').getBoundingClientRect().top"
STILL = """async node => {
  const before = node.getBoundingClientRect().top
  for (let frame = 0; frame < 20; frame++) await new Promise(requestAnimationFrame)
  return node.getBoundingClientRect().top === before
}"""
"""It has not moved for twenty frames."""


def test_a_turn_unfolds_into_its_conversation_and_the_saved_cell_stays_the_turns(open_chat: OpenChat) -> None:
    """Around its question; asked there, answered there, in a kernel that runs nothing else; and folded back."""
    with ScriptedServer(long_answer, api_key=KEY) as server:
        notebook = open_chat(server, [f"%chat question {n}" for n in range(6)])
        notebook.run_all()
        cell = view_of(notebook.cell(3))
        expect(cell.answers).to_have_count(1)
        root = cell.root
        root.get_by_role("button", name="Show the conversation").click()
        log = root.get_by_role("log")
        expect(log).to_be_visible()
        expect(log.get_by_text("question 2", exact=True)).to_be_in_viewport()
        wait_until(log.get_by_text("question 2", exact=True), f"node => Math.abs({FROM_TOP}) < 60")
        cell.ask("and here?")
        expect(root.get_by_text("and here?:")).to_be_visible()
        wait_until(log, AT_END)
        saved = notebook.save()
        states = saved["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
        turns = [each["state"] for each in states.values() if each["state"].get("kind") == "turn"]
        assert all("and here?" not in str(each.get("snapshot")) for each in turns)
        root.get_by_role("button", name="Show this answer alone").click()
        expect(root.get_by_role("log")).to_have_count(0)
        expect(cell.answers).to_have_count(1)


def test_draft_and_place_survive_a_cell_that_is_run_again(open_chat: OpenChat) -> None:
    """It makes a new widget of the same conversation; a long history comes in pieces as the reader goes up."""
    with ScriptedServer(long_answer, api_key=KEY) as server:
        notebook = open_chat(
            server,
            [
                "s = nbchat.session('long')\nfor n in range(60):\n    s.send(f'question {n}').result()",
                "nbchat.ChatWidget(s)",
            ],
        )
        notebook.run(1)
        notebook.run(2)
        view = view_of(notebook.cell(2))
        log = view.root.get_by_role("log")
        expect(log.get_by_text("question 59", exact=True)).to_be_visible()
        wait_until(log, AT_END)
        for _ in range(40):
            if log.get_by_text("question 3", exact=True).count():
                break
            log.evaluate("log => { log.scrollTop = 0; }")
            notebook.page.wait_for_function("log => log.scrollTop > 0", arg=log.element_handle())
        third = log.get_by_text("question 3", exact=True)
        third.evaluate("node => node.scrollIntoView({block: 'start'})")
        wait_until(third, STILL)
        before = top_of(third) - top_of(log)
        view.composer.fill("half a quest")
        notebook.run(2)
        again = view_of(notebook.cell(2))
        expect(again.composer).to_have_value("half a quest")
        log = again.root.get_by_role("log")
        third = log.get_by_text("question 3", exact=True)
        expect(third).to_be_in_viewport()
        wait_until(third, f"(node, before) => Math.abs({FROM_TOP} - before) < 30", before)


def test_the_page_does_not_move_when_a_turn_elsewhere_grows(open_chat: OpenChat) -> None:
    """Neither one above what is read nor one below it."""
    gate = Gate()
    with ScriptedServer(lambda _: Reply.text(tokens=["word " * 20 + "\n\n"] * 40, gate=gate), api_key=KEY) as server:
        texts = ["print('line\\n' * 200)"] * 2
        notebook = open_chat(server, ["%chat above", *texts, "%chat below"])
        notebook.run(2)
        notebook.run(3)
        notebook.start(1)
        notebook.start(4)
        reading = notebook.cell(3)
        reading.scroll_into_view_if_needed()
        wait_until(reading, STILL)
        before = top_of(reading)
        gate.open()
        server.wait_for(2, timeout=20)
        notebook.settle()
        wait_until(reading, STILL)
        assert abs(top_of(reading) - before) < 3
