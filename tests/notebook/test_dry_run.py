"""--dry-run: what would be sent, to the letter, and what stands against it; nothing is sent, saved or changed."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbchat
from nbchat.app import app
from nbchat.notebook.dry_run import DryRun, dry_run
from nbchat.notebook.options import parse
from nbchat.testing import Reply, ScriptedServer
from tests.api.test_attachments import PNG
from tests.notebook.test_in_a_terminal import run_cells
from tests.support.apps import app_of, running_app
from tests.support.priced import PricedServer

USAGE = {"prompt_tokens": 100, "completion_tokens": 50}


def dry(line: str) -> DryRun:
    options, question = parse(line)
    services = app().services
    return services.background.wait(dry_run(services, options, "a notebook", question, None))


def test_it_is_what_is_sent_then() -> None:
    """System prompt, history, question, parameters and tools, in the spelling of the server."""
    with running_app(Reply.text("one"), Reply.text("two")) as server:
        s = nbchat.session("notes", system="Be brief.")

        def area(width: float) -> float:
            """Area of a square."""
            return width * width

        s.tools = [area]
        s.ask("first", attachments=PNG)
        shown = dry('-s notes --temperature 0.5 --max-tokens 99 -m other why? {x} "$y" \\')
        s.ask('why? {x} "$y" \\', temperature=0.5, max_tokens=99, model="lab/other")
        body = server.chats[1].json
        assert shown.messages == body["messages"]
        assert (shown.model, shown.tools, shown.omitted, shown.refused) == ("lab/other", ("area",), 0, None)
        assert shown.parameters == {"temperature": 0.5, "max_tokens": 99}
        assert {name: body[name] for name in shown.parameters} == shown.parameters
        assert [message["role"] for message in shown.messages] == ["system", "user", "assistant", "user"]


def test_nothing_is_changed_by_it(tmp_path: Path) -> None:
    """No conversation is begun, no system prompt set, none is the notebook's that was not before."""
    with running_app() as server:
        old = nbchat.session("old")
        names = [each.conversation.name for each in app().background.wait(app().manager.conversations())]
        shown = dry('--system "Be brief." hi')
        assert [message["content"] for message in shown.messages] == ["Be brief.", "hi"]
        assert shown.conversation == "a notebook (a new one)"
        assert dry("-s old --new hi").conversation == "old (a new one)"
        assert dry('-s old --system "Be brief." hi').messages[0]["role"] == "system"
        assert old.system is None
        assert [each.conversation.name for each in app().background.wait(app().manager.conversations())] == names
        assert server.requests == ()


def test_a_new_conversation_has_the_configured_system_prompt(tmp_path: Path) -> None:
    """`c.NbChat.system` is sent with the first question, so a dry run of that says it; one of its own comes before it."""
    cells = ["%config NbChat.system = 'Be brief.'", "d = %chat --dry-run hi", "e = %chat --dry-run --system x hi", "%chat hi"]
    cells += ["%config NbChat.system = 'Be long.'", "print(*(m['content'] for m in (*d.messages, *e.messages)))"]
    cells += ["d = %chat --dry-run hi", "print(d.messages[0]['content'])"]
    with ScriptedServer(Reply.text("yes")) as server:
        printed = run_cells(server, tmp_path, cells)
        assert [message["content"] for message in server.chats[0].messages] == ["Be brief.", "hi"]
    assert printed[5] == "Be brief. hi x hi\n"
    assert printed[7] == "Be brief.\n"


def test_it_says_what_it_costs_and_what_the_budget_says(tmp_path: Path) -> None:
    """With the figures that a request is held against; nothing stays reserved."""
    with PricedServer([Reply.text("one", usage=USAGE)], length=1_000) as server, app_of(server, tmp_path / "chats.db"):
        nbchat.list_models("lab")
        s = nbchat.session("notes")
        s.ask("hi")
        shown = dry("-s notes --max-tokens 50 again")
        assert (shown.context_length, shown.estimated, shown.refused) == (1_000, True, None)
        assert shown.tokens > 150
        assert shown.cost.startswith("~$0.")
        for _ in range(3):
            refused = dry("-s notes --budget 0.01 --max-tokens 50 again").refused
            assert refused is not None
            assert refused.kind == "budget"
            assert "is left of this turn's budget of $0.01" in refused.text
        s.budget = "0.50"
        for _ in range(3):
            assert dry("-s notes --max-tokens 50 again").refused is None
        long = dry(f"-s notes {'word ' * 2_000}")
        assert long.refused is not None
        assert long.refused.kind == "context_length"
        s.when_full = "drop"
        assert dry(f"-s notes --max-tokens 50 {'word ' * 140}").omitted == 2
        assert len(server.chats) == 1


def test_it_displays_well() -> None:
    """As text in full; as HTML that nothing in a message can leave; a picture by what it is."""
    with running_app(Reply.text("one")):
        nbchat.session("notes").ask("first", attachments=PNG)
        shown = dry("-s notes </pre><script>alert(1)</script>")
        lines = repr(shown).splitlines()
        assert lines[0] == "Dry run: nothing was sent."
        assert "model          lab/tiny" in lines
        assert "verdict        nothing stands against it" in lines
        assert lines[-2:] == ["--- user", "</pre><script>alert(1)</script>"]
        assert any(line.startswith("[image/png;base64, ") for line in lines)
        page = shown._repr_mimebundle_()["text/html"]
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        before, question = page.split("<details open>")  # what is new needs no click
        assert before.count("<details>") == 2
        assert question.startswith("<summary>user</summary>")


CORPUS = [
    "what is in @df?",
    "@df: {x} $y %z !w ? `@df` \\@df me@df.org",
    "@nothing @df @df\t“@n”",
    '@n {"a": "@n"} \\alpha $@n$ \'@n\'',
    "@n" + " x" * 5_000,
    "@df @In[1] ends in a backslash \\",
    "größe @df 🙂 @n?",
]


def test_questions_with_names_reach_the_server_byte_for_byte(tmp_path: Path) -> None:
    """Lines and cells, through run_cell, over HTTP; what they stand for comes before, and a dry run said so."""
    cells = ["df = {'rows': 3}\nn = 5"]
    for question in CORPUS:
        cells += [f"d = %chat --dry-run {question}", f"%chat {question}", "print(len(d.messages))", f"%%chat\n{question}"]
    cells += ["%chat --dry-run @df?", "print(repr(d)[:26])", "%chat why @error?", "1 / 0", "%chat why @error in @cell?"]
    with ScriptedServer(Reply.text("yes")) as server:
        printed = run_cells(server, tmp_path, cells)
        questions = [request.messages[-1]["content"] for request in server.chats]
    asked = [question for question in CORPUS for _ in range(2)]
    for question, content in zip(asked, questions, strict=False):
        assert content.endswith(f"\n\n{question}")
        assert content.startswith(('"@df" in the question stands for this', '"@n" in the question stands for this'))
    assert [printed[at] for at in range(2, len(printed) - 6, 4)] == ["yes\n"] * len(CORPUS)
    assert "Dry run: nothing was sent." in printed[-5]
    assert printed[-4] == "Dry run: nothing was sent.\n"
    assert questions[-2] == "why @error?"
    assert "ZeroDivisionError: division by zero" in questions[-1]
    assert "1 / 0" in questions[-1]


@pytest.mark.parametrize("line", ["--dry-run", "--dry-run   ", '--dry-run --system "x"'])
def test_a_dry_run_of_nothing_is_refused_as_a_question_is(line: str) -> None:
    """It asks for a question."""
    options, question = parse(line)
    assert options.asks
    assert question.strip() == ""
