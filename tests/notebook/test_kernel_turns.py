"""Turns that go on, ask for consent, or are private, in a real kernel: comms, cells, what a notebook keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nbchat.testing import Gate, Reply, Request
from tests.notebook.kernels import Cell, Kernel, Lab, lab_of

pytestmark = pytest.mark.timeout(180)


def answer(lab: Lab, request: Request) -> Reply:
    messages = request.json["messages"]
    if messages[-1]["role"] == "tool":
        return Reply.text(f"It says {messages[-1]['content']}.")
    if "tools" in request.json:
        return Reply.text(tool_calls=[("add", '{"a": 1,  "b": 2}', "call-1")])
    if messages[0]["content"] == "go slowly" and len(messages) > 1:  # the rest of a stopped answer
        return Reply.text("t2 and the rest")
    if "slowly" in str(request.question):
        return Reply.text(tokens=[f"t{n} " for n in range(200)], gate=lab.gate)
    return Reply.text(f"You said: {request.question}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_of(answer, tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.mark.parametrize("way", ["subshell", "control"])
def test_a_blocked_cell_goes_on_when_a_view_gives_its_consent(lab: Lab, way: str) -> None:
    """`ask` waits in the cell for a tool, the view shows it, and a click comes on the way that stop takes."""
    inside = lab.kernel
    if way == "subshell" and not inside.has_subshells:
        pytest.skip("ipykernel 6 has no subshells: there the control channel is the way")
    code = "def add(a: int, b: int) -> int:\n    'Add.'\n    return a + b\n"
    thread = inside.run(f"{code}s = nbchat.session('tools {way}'); s.tools = [add]; display(s.widget)").widget
    subshell = inside.subshell() if way == "subshell" else None
    request = inside.send_cell("print(s.ask('what is 1 + 2?').text)")
    inside.wait(lambda: bool(inside.comms[thread]["approvals"]))
    (approval,) = inside.comms[thread]["approvals"]
    assert (approval["tool"], approval["arguments"]) == ("add", '{"a": 1,  "b": 2}')
    click = {"op": "approve", "call": approval["call"], "decision": "once"}
    for _ in range(2):  # as a stop, it may come twice
        inside.say(thread, click, channel="control" if way == "control" else "shell", subshell=subshell)
    assert inside.wait_cell(request).text == "It says 3.\n"
    inside.wait(lambda: inside.comms[thread]["approvals"] == [] and inside.text(thread) == "It says 3.")
    assert not any(each["op"] == "refused" for each in inside.customs[thread])


def _transcripts(inside: Kernel, cell: Cell) -> list[str]:
    """What the cell's transcript held, in order; the last one is what a saved notebook has."""
    (shown,) = [m["content"] for m in cell.outputs if "text/markdown" in m["content"].get("data", {})]
    inside.update_of(shown["transient"])
    updates = [m["content"] for m in inside.updates if m["content"]["transient"] == shown["transient"]]
    return [content["data"]["text/markdown"] for content in (shown, *updates)]


def test_the_saved_notebook_of_a_resumed_answer_holds_it_once(lab: Lab) -> None:
    """Stopped, resumed from the cell's view: the transcript is filled again at the new end, whole; a reload shows the same."""
    inside, lab.gate = lab.kernel, Gate()
    cell = inside.run("%chat --new go slowly", cell="resumed")
    lab.gate.release(2)
    inside.wait(lambda: inside.text(cell.widget) == "t0 t1 ")
    inside.say(cell.widget, {"op": "stop"})
    inside.wait_end(cell.widget)
    assert _transcripts(inside, cell)[-1].startswith("t0 t1")
    answer = inside.pages[cell.widget].messages[-1]["id"]
    inside.say(cell.widget, {"op": "resume", "message": answer, "client_id": "go on"})
    inside.wait(lambda: inside.text(cell.widget) == "t0 t1 t2 and the rest")
    inside.wait(lambda: len(_transcripts(inside, cell)) == 3)
    kept = _transcripts(inside, cell)[-1]
    assert kept.startswith("t0 t1 t2 and the rest\n")
    assert kept.count("t0") == 1
    assert _saved(inside, cell.widget)[0]["snapshot"]["messages"][-1]["parts"] == [
        {"type": "text", "text": "t0 t1 t2 and the rest"}
    ]


def test_the_saved_notebook_of_an_edited_question_says_which_one(lab: Lab) -> None:
    """The cell's own words are another question; deleted, nothing is left, and undone all is back."""
    inside = lab.kernel
    cell = inside.run("%chat --new one", cell="edited")
    inside.wait_end(cell.widget)
    page = inside.pages[cell.widget]
    ask = {"op": "edit", "message": page.messages[0]["id"], "text": "other words", "client_id": "edit 1"}
    inside.say(cell.widget, ask)
    inside.wait(lambda: len(_transcripts(inside, cell)) == 3)
    inside.wait(lambda: inside.text(cell.widget) == "You said: other words")
    assert _transcripts(inside, cell)[-1].startswith("> other words\n\nYou said: other words")
    inside.say(cell.widget, {"op": "delete", "message": page.messages[0]["id"]})
    inside.wait(lambda: _transcripts(inside, cell)[-1].startswith("*There is no answer") and len(_transcripts(inside, cell)) == 4)
    inside.say(cell.widget, {"op": "restore", "messages": inside.got(cell.widget, "deleted")["messages"]})
    inside.wait(lambda: len(_transcripts(inside, cell)) == 5)
    assert "other words" in _transcripts(inside, cell)[-1]


def _thread_transcripts(inside: Kernel, cell: Cell) -> list[str]:
    """What the transcript beside a thread held, in order."""
    (shown,) = [m["content"] for m in cell.outputs if "text/markdown" in m["content"].get("data", {})]
    updates = [m["content"] for m in inside.updates if m["content"]["transient"] == shown["transient"]]
    return [content["data"]["text/markdown"] for content in (shown, *updates)]


def test_the_saved_notebook_of_a_thread_holds_what_it_shows(lab: Lab) -> None:
    """One display for all its cells, kept current by each turn; a viewer without widgets finds nothing else to show."""
    inside = lab.kernel
    first = inside.run("s = nbchat.session('shown'); s.widget")
    second = inside.run("display(s.widget)")
    for cell in (first, second):
        widget, kept = cell.displays
        assert {name: value for name, value in widget.items() if "widget" not in name} == {"text/html": ""}
        assert list(kept) == ["text/markdown"]
    assert _thread_transcripts(inside, first) == ["*Chat “shown”; nothing was said yet*\n\n[](#nbchat-transcript)"]
    inside.run("%chat -s shown --wait one\nids = {m['id'] for m in []}")
    inside.wait(lambda: "You said: one" in _thread_transcripts(inside, first)[-1])
    assert _thread_transcripts(inside, second)[-1].startswith("*Chat “shown”*\n\n> one\n\nYou said: one\n\n*lab/scripted")
    inside.run("s.delete(s.messages[0].id); s.delete(s.messages[-1].id) if s.messages else None")
    inside.wait(lambda: "nothing was said" in _thread_transcripts(inside, first)[-1])


def test_a_notebook_that_keeps_no_transcripts(lab: Lab) -> None:
    """`c.NbChat.transcripts = False`: neither of turns nor of threads, and a sentence says what stood there."""
    inside = lab.kernel
    inside.run("%config NbChat.transcripts = False")
    shown = [*inside.run("nbchat.session('unkept').widget").displays, *inside.run("%chat -s unkept hi").displays]
    inside.run("%config NbChat.transcripts = True")
    assert [each.get("text/plain") for each in shown] == ["Chat “unkept”: it is shown by a running kernel."] * 2


def _saved(inside: Kernel, comm: str) -> list[Any]:
    """A widget's state as a reload gets it and a notebook keeps it, and as an embedded page does."""
    shown = inside.run(
        "import json\nfrom ipywidgets.embed import embed_data\nfrom ipywidgets.widgets.widget import _instances\n"
        f"w = _instances[{comm!r}]\nprint(json.dumps([w.get_state(), embed_data(views=[w])], default=str))"
    )
    assert shown.error is None, shown.error
    state, embedded = json.loads(shown.text)
    return [state, embedded["manager_state"]["state"][comm]["state"]]


def test_nothing_of_a_private_conversation_is_in_what_a_notebook_keeps(lab: Lab) -> None:
    """Neither in widget state, nor in a transcript, nor in settings or the database; its view shows it all the same."""
    inside = lab.kernel
    thread = inside.run("p = nbchat.session('hush', private=True); p.ask('the hidden truth'); display(p.widget)").widget
    inside.wait(lambda: inside.text(thread) == "You said: the hidden truth")
    cell = inside.run("%chat -s hush another truth", cell="private")
    inside.wait_end(cell.widget)
    inside.wait(lambda: inside.text(cell.widget) == "You said: another truth")
    (shown,) = cell.displays
    assert sorted(shown) == ["application/vnd.jupyter.widget-view+json", "text/plain"]
    assert shown["text/plain"] == "Chat “hush”: nothing of it is kept."
    assert not any("truth" in json.dumps(update["content"]) for update in inside.updates)
    for comm in (thread, cell.widget):
        saved = _saved(inside, comm)
        assert [each["snapshot"]["messages"] for each in saved] == [[], []]
        assert "truth" not in json.dumps(saved)
        assert "truth" not in json.dumps(inside.comms[comm])
    batch = inside.run("%chat -s hush a third truth", stdin=False)
    assert (batch.error, batch.displays, batch.text) == (None, [], "")
    assert "truth" not in inside.run("%chat -s hush", stdin=False).text
    kept = inside.run(
        "from nbchat.app import app\nimport pathlib\na = app()\nprint(a.background.wait(a.store.settings()))\n"
        "files = [file for file in pathlib.Path(a.place).parent.rglob('*') if file.is_file()]\n"
        "print(any(b'truth' in file.read_bytes() for file in files), len(files) > 0)"
    )
    assert kept.error is None, kept.error
    assert "truth" not in kept.text
    assert kept.text.endswith("False True\n")
