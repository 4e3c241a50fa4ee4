"""The conversation as a tree, in the window of a real JupyterLab: other words, another answer, the rest of one, and undo."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Locator, expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import View, view_of
from tests.e2e.opening import KEY, OpenChat

THREAD = "s = nbchat.session('tree')\ns.widget"


def echo(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


def questions(view: View) -> Locator:
    return view.root.locator(".message.user .bubble")


def act(view: View, message: Locator, name: str) -> None:
    """Press one of a message's quiet buttons, which are shown where the pointer is."""
    message.hover()
    message.get_by_role("button", name=name, exact=True).click()


def test_an_edited_question_is_a_branch_that_each_view_chooses_for_itself(open_chat: OpenChat) -> None:
    """Edit in place, see 2/2, go back to the old branch in one view while another one stays; what is sent follows the view."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD, "other = nbchat.ChatWidget(s)\nother"])
        notebook.run(1)
        notebook.run(2)
        first, second = view_of(notebook.cell(1)), view_of(notebook.cell(2))
        first.ask("one")
        expect(first.answers).to_have_text(["You said: one"])
        question = first.root.locator(".message.user").first
        act(first, question, "Edit question")
        box = question.get_by_label("Question", exact=True)
        box.fill("two")
        box.press("Control+Enter")
        for view in (first, second):
            expect(view.answers).to_have_text(["You said: two"])
            expect(view.root.locator(".branches").first).to_contain_text("2/2")
        first.root.get_by_role("button", name="Previous version").first.click()
        expect(first.answers).to_have_text(["You said: one"])
        expect(first.root.locator(".branches").first).to_contain_text("1/2")
        expect(second.answers).to_have_text(["You said: two"])
        first.ask("three")
        expect(first.answers).to_have_text(["You said: one", "You said: three"])
        expect(second.answers).to_have_text(["You said: one", "You said: three"])
        assert [m["content"] for m in server.chats[2].json["messages"]] == ["one", "You said: one", "three"]
        notebook.reload()
        expect(view_of(notebook.cell(1)).answers).to_have_text(["You said: one", "You said: three"])


def test_a_stopped_answer_below_its_cell_is_resumed_there_and_saved_once(open_chat: OpenChat) -> None:
    """Stop, Resume, in the same cell; the notebook's transcript has the whole text, the conversation one answer."""
    gate = Gate()

    def script(request: Request) -> Reply:
        if len(request.json["messages"]) == 1:
            return Reply.text(tokens=["one ", "two ", "x"], gate=gate)
        return Reply.text("three four")

    with ScriptedServer(script, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat count"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        gate.release(2)
        expect(view.answers).to_have_text(["one two"])
        view.stop.click()
        view.root.get_by_role("button", name="Resume").click()
        expect(view.answers).to_have_text(["one two three four"])
        expect(view.root.get_by_role("button", name="Resume")).to_have_count(0)
        assert notebook.value("[m.text for m in nbchat.session().messages]") == ["count", "one two three four"]
        text = json.dumps(notebook.save()["cells"][1]["outputs"])
        assert text.count("three four") == 1
        notebook.reload()
        expect(view_of(notebook.cell(1)).answers).to_have_text(["one two three four"])


def test_a_failed_answer_is_retried_without_typing(open_chat: OpenChat) -> None:
    """The bubble has the button; the answer takes the place of the failure."""
    replies = [Reply.error(401, "Incorrect API key provided.", code="invalid_api_key"), Reply.text("All is well.")]
    with ScriptedServer(replies, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask("hi")
        view.error.get_by_role("button", name="Retry").click()
        expect(view.answers).to_have_text(["All is well."])
        expect(view.root.locator(".message [role='alert']")).to_have_count(0)
        expect(questions(view)).to_have_text(["hi"])
        assert server.chats[0].json["messages"] == server.chats[1].json["messages"]


def test_another_answer_stands_beside_the_first(open_chat: OpenChat) -> None:
    """Regenerate makes 2/2 at the answer; the arrows go from one to the other."""
    with ScriptedServer([Reply.text("one"), Reply.text("two")], api_key=KEY) as server:
        notebook = open_chat(server, [THREAD])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask("hi")
        expect(view.answers).to_have_text(["one"])
        act(view, view.root.locator(".message.assistant").last, "Regenerate")
        expect(view.answers).to_have_text(["two"])
        expect(view.root.locator(".message.assistant .branches")).to_contain_text("2/2")
        view.root.get_by_role("button", name="Previous version").click()
        expect(view.answers).to_have_text(["one"])
        view.root.get_by_role("button", name="Next version").click()
        expect(view.answers).to_have_text(["two"])


def test_waiting_questions_are_edited_and_removed(open_chat: OpenChat) -> None:
    """The queue stands below the running answer and can be changed until its turn comes."""
    gate = Gate()

    def script(request: Request) -> Reply:
        return Reply.text("first it is", gate=gate) if request.question == "first" else echo(request)

    with ScriptedServer(script, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        for question in ("first", "secnod", "third"):
            view.ask(question)
        waiting = view.root.locator(".message.waiting")
        expect(waiting).to_have_count(2)
        waiting.first.get_by_role("button", name="Edit queued question").click()
        box = view.root.get_by_label("Waiting question")
        box.fill("second")
        box.press("Control+Enter")
        expect(waiting.first).to_contain_text("second")
        waiting.last.get_by_role("button", name="Remove from the queue").click()
        expect(waiting).to_have_count(1)
        gate.open()
        expect(view.answers).to_have_text(["first it is", "You said: second"])
        assert [chat.question for chat in server.chats] == ["first", "second"]


def test_a_deleted_exchange_comes_back_and_a_hidden_one_is_not_sent(open_chat: OpenChat) -> None:
    """Undo stands below for a while; hiding leaves the message in sight."""
    with ScriptedServer(echo, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        for number, question in enumerate(("one", "two"), 1):
            view.ask(question)
            expect(view.answers).to_have_count(number)
        act(view, view.root.locator(".message.user").first, "Delete question and its answers")
        expect(view.answers).to_have_text(["You said: two"])
        view.root.get_by_role("button", name="Undo").click()
        expect(view.answers).to_have_text(["You said: one", "You said: two"])
        act(view, view.root.locator(".message.user").first, "Hide question from the model")
        expect(view.root.locator(".message.user").first).to_contain_text("not sent to the model")
        view.ask("three")
        expect(view.answers).to_have_count(3)
        assert [m["content"] for m in server.chats[2].json["messages"]] == ["You said: one", "two", "You said: two", "three"]


def test_a_tool_waits_for_a_click_while_its_cell_blocks(open_chat: OpenChat) -> None:
    """The card shows the exact arguments; "Allow once" lets the function run, and the blocked cell returns."""

    def script(request: Request) -> Reply:
        last = request.json["messages"][-1]
        return (
            Reply.text(f"It is {last['content']}.") if last["role"] == "tool" else Reply.text(tool_calls=[("double", {"n": 21})])
        )

    tool = (
        'def double(n: int) -> int:\n    "Double a number."\n    ran.append(n)\n    return 2 * n\n\nran = []\ns.tools = [double]'
    )
    with ScriptedServer(script, api_key=KEY) as server:
        notebook = open_chat(server, [THREAD, tool, "s.ask('go').text"])
        notebook.run(1)
        notebook.run(2)
        view = view_of(notebook.cell(1))
        notebook.start(3)
        card = view.root.locator(".approval")
        expect(card).to_contain_text(re.compile(r'"n":\s*21'))
        expect(notebook.cell(3).locator(".jp-InputPrompt")).to_have_text("[*]:")
        allow = card.get_by_role("button", name="Allow once")
        expect(allow).to_have_attribute("aria-disabled", "false")
        allow.click()
        notebook.settle()
        expect(notebook.cell(3).locator(".jp-OutputArea-output")).to_contain_text("It is 42.")
        expect(view.answers).to_have_text(["It is 42."])
        expect(card).to_have_count(0)
        assert notebook.value("ran") == [21]


def test_nothing_of_a_private_conversation_is_in_the_saved_notebook(open_chat: OpenChat) -> None:
    """Neither in outputs nor in widget state; the window says that nothing is saved."""
    with ScriptedServer(Reply.text("a secret answer"), api_key=KEY) as server:
        notebook = open_chat(server, ["s = nbchat.session('hush', private=True)\ns.widget"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask("a secret question")
        expect(view.answers).to_have_text(["a secret answer"])
        expect(view.root).to_contain_text("private", ignore_case=True)
        assert "a secret" not in json.dumps(notebook.save())
        assert notebook.value("s.widget.get_state()['snapshot']['messages'] if s.widget.get_state()['snapshot'] else []") == []
        notebook.reload()
        expect(view_of(notebook.cell(1)).answers).to_have_text(["a secret answer"])
