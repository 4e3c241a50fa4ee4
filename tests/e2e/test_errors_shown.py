"""What goes wrong is said in the view, in words; what had come stays; the next question works."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from nbchat.testing import Reply, Request, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat

PARTIAL = "This much had come"
UNENDED = Reply.text(PARTIAL, finish_reason="", done=False)
CUT = UNENDED.cut(len(UNENDED.body()) - len(b"0\r\n\r\n"))
"""All of the text, then the end of the connection where the next HTTP chunk should begin."""


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong: what the server does, and what the bubble must say."""

    reply: Reply
    says: str
    status: str = "error"
    partial: str = ""


TROUBLES = {
    "wrong key": Trouble(Reply.error(401, "Incorrect API key provided.", code="invalid_api_key"), r"key"),
    "unknown model": Trouble(Reply.error(404, "The model `tiny` does not exist", code="model_not_found"), r"model"),
    "html instead of a stream": Trouble(Reply.html(), r"HTML|web page"),
    "cut in mid-answer": Trouble(CUT, r"cut|closed|interrupted", "interrupted", PARTIAL),
    "error in mid-stream": Trouble(
        Reply.text(PARTIAL, finish_reason="", done=False, error={"message": "the model fell over"}),
        r"the model fell over",
        "error",
        PARTIAL,
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_provider_trouble_is_a_readable_bubble_and_the_next_question_works(open_chat: OpenChat, name: str) -> None:
    """The bubble names the trouble, without a traceback; the partial stays; asking again is answered."""
    trouble = TROUBLES[name]

    def script(request: Request) -> Reply:
        return trouble.reply if request.question == "first" else Reply.text("All is well.")

    with ScriptedServer(script, api_key=KEY) as server:
        notebook = open_chat(server, ["%chat first", "%chat second"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        expect(view.error).to_contain_text(re.compile(trouble.says, re.IGNORECASE))
        assert "Traceback" not in view.root.inner_text()
        if trouble.partial:
            expect(view.answers.last).to_contain_text(trouble.partial)
        assert notebook.value("nbchat.session().messages[-1].status") == trouble.status
        notebook.run(2)
        expect(view_of(notebook.cell(2)).answers).to_have_text(["All is well."])
        assert KEY not in notebook.page.content()


def test_key_that_is_missing_is_explained(open_chat: OpenChat) -> None:
    """Nothing is sent without the key; the bubble names the variable to set."""
    with ScriptedServer(Reply.text("All is well."), api_key=KEY) as server:
        notebook = open_chat(
            server, ["import os; key = os.environ.pop('PEER_KEY')", "%chat first", "os.environ['PEER_KEY'] = key", "%chat second"]
        )
        notebook.run(1)
        notebook.run(2)
        expect(view_of(notebook.cell(2)).error).to_contain_text("PEER_KEY")
        assert server.requests == ()
        notebook.run(3)
        notebook.run(4)
        expect(view_of(notebook.cell(4)).answers).to_have_text(["All is well."])


def test_empty_prompt_is_refused_in_one_line(open_chat: OpenChat) -> None:
    """A cell magic without a question says so without a traceback, and sends nothing."""
    with ScriptedServer(Reply.text("All is well."), api_key=KEY) as server:
        notebook = open_chat(server, ["%%chat\n   \n", "%chat second"])
        notebook.run(1)
        output = notebook.cell(1).locator(".jp-OutputArea-output")
        expect(output).to_contain_text(re.compile("empty|question", re.IGNORECASE))
        expect(output).not_to_contain_text("Traceback")
        assert server.requests == ()
        notebook.run(2)
        expect(view_of(notebook.cell(2)).answers).to_have_text(["All is well."])


def test_database_that_cannot_be_written_is_said_and_the_chat_goes_on(
    open_chat: OpenChat, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A home that is a file: the view says that nothing is saved, and the answer comes all the same."""
    home = tmp_path_factory.mktemp("broken") / "home"
    home.write_text("not a directory")
    with ScriptedServer(Reply.text("All is well."), api_key=KEY) as server:
        notebook = open_chat(server, ["%chat first"], home=home)
        notebook.run(1)
        view = view_of(notebook.cell(1))
        expect(view.answers).to_have_text(["All is well."])
        expect(view.root).to_contain_text(re.compile("not (being )?saved|nothing is being saved", re.IGNORECASE))
