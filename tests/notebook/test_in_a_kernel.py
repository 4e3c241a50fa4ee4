"""%chat in a real kernel: comms, cells, waiting, stopping, transcripts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbchat.testing import Gate, Reply, Request
from tests.notebook.kernels import Lab, lab_of

pytestmark = pytest.mark.timeout(180)


A_LOT = "".join(f"word{n % 7} " for n in range(8_000))
OVERHEAD = 450
"""Bytes of a comm message besides its content: signature, header, topic, the comm's id."""


def answer(lab: Lab, request: Request) -> Reply:
    question = request.question or ""
    if "slowly" in question:
        return Reply.text(tokens=[f"t{n} " for n in range(200)], gate=lab.gate)
    return Reply.text(A_LOT if question == "a lot" else f"You said: {question}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_of(answer, tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def slowly(lab: Lab) -> Iterator[Gate]:
    """The gate of the answers to slow questions of one test; opened at its end, when the kernel is stopped."""
    lab.gate = Gate()
    yield lab.gate
    lab.gate.open()
    lab.kernel.run("%nbchat stop --all")


def test_a_cell_shows_a_view_of_its_turn_and_returns_at_once(lab: Lab) -> None:
    """The answer streams over the comm; the transcript is filled once, at the end, with the cell's own parent."""
    cell = lab.kernel.run("%chat what is a monad?", cell="first")
    assert cell.error is None
    assert lab.kernel.comms[cell.widget]["kind"] == "turn"
    lab.kernel.wait_end(cell.widget)
    assert lab.kernel.text(cell.widget).endswith("You said: what is a monad?")
    assert lab.server.chats[-1].question == "what is a monad?"
    shown = next(m for m in cell.outputs if "text/markdown" in m["content"].get("data", {}))
    place = shown["content"]["transient"]
    update = lab.kernel.update_of(place)
    assert update["content"]["data"]["text/markdown"].startswith("You said: what is a monad?")
    assert update["content"]["data"]["text/markdown"].endswith("[](#nbchat-transcript)")
    assert update["parent_header"]["msg_id"] == shown["parent_header"]["msg_id"]


def test_waiting_returns_the_message(lab: Lab) -> None:
    """`m = %chat --wait`, `-o NAME`, and options that reach the request."""
    cell = lab.kernel.run('m = %chat --wait --temperature 0.5 "quoted" {x} $y?\nprint(type(m).__name__, m.status, m.text)')
    assert cell.text == 'Message complete You said: "quoted" {x} $y?\n'
    assert lab.server.chats[-1].json["temperature"] == 0.5
    assert lab.kernel.run("%%chat -o kept -m other --max-tokens 7\nline one\n  line two\n").error is None
    assert lab.kernel.run("print(kept.text)").text == "You said: line one\n  line two\n"
    assert lab.server.chats[-1].json["model"] == "other"


def test_running_a_cell_again_branches_and_leaks_nothing(lab: Lab) -> None:
    """The cell's earlier turn is replaced on the path, its widget closed: any number of runs leaves the comms of one."""
    lab.kernel.run("%chat --wait --new before", cell="before")
    path = "print(len(nbchat.session().messages))"
    lab.kernel.run("_ = %chat --wait again", cell="again")
    count, length = lab.kernel.open_comms(), lab.kernel.run(path).text
    for _ in range(100):
        lab.kernel.send_cell("_ = %chat --wait again", cell="again")
    lab.kernel.run("_ = %chat --wait again", cell="again", seconds=120)
    assert lab.kernel.open_comms() == count
    assert lab.kernel.run(path).text == length == "4\n"


def test_several_questions_of_one_cell_are_several_turns(lab: Lab) -> None:
    """Each has its place in the cell; run again, each branches at its own parent, in order."""
    for _ in range(2):
        cell = lab.kernel.run("%chat --wait --new one\n%chat two\n%chat --wait three", cell="several")
        assert cell.error is None
        texts = lab.kernel.run("print([m.text for m in nbchat.session().messages if m.role == 'user'])").text
        assert texts == "['one', 'two', 'three']\n"


def test_a_cell_that_asks_less_than_before_keeps_no_widget_of_it(lab: Lab) -> None:
    """With the first question of a run, all views of the cell's last run are closed."""
    inside = lab.kernel
    assert inside.run("%chat one\n%chat two\n%chat --wait three", cell="less").error is None
    count = inside.open_comms()
    inside.run("%chat --wait one", cell="less")
    assert inside.open_comms() == count - 2 * 2  # a view and its layout, twice


def test_a_deleted_conversation_takes_no_questions(lab: Lab) -> None:
    """Its view says so; one that was merely closed opens again."""
    inside = lab.kernel
    thread = inside.run("display(nbchat.session('gone').widget)").widget
    inside.run("nbchat.manager.close('gone')")
    inside.say(thread, {"op": "send", "text": "still there?", "client_id": "gone 1"})
    inside.wait(lambda: inside.text(thread) == "You said: still there?")
    inside.run("nbchat.manager.delete('gone')")
    inside.say(thread, {"op": "send", "text": "and now?", "client_id": "gone 2"})
    assert inside.got(thread, "refused")["error"]["text"] == "This conversation was deleted."


def test_a_thread_is_one_comm_however_often_it_is_shown(lab: Lab) -> None:
    """`%chat` alone and `s.widget` are the same widget."""
    first, second = lab.kernel.run("%chat"), lab.kernel.run("display(nbchat.session().widget)")
    assert first.widget == second.widget
    assert lab.kernel.comms[first.widget]["kind"] == "thread"


def test_browsers_ask_stop_and_page_over_the_comm(lab: Lab, slowly: Gate) -> None:
    """send -> sent, stop -> stopping and an end; a bad request is refused, nonsense ignored."""
    inside = lab.kernel
    thread = inside.run("display(nbchat.session('browsed').widget)").widget
    inside.say(thread, {"op": "send", "text": "go slowly", "client_id": "c1"})
    assert inside.got(thread, "sent")["client_id"] == "c1"
    slowly.release(3)
    inside.wait(lambda: "t2 " in inside.text(thread))
    inside.customs[thread].clear()
    inside.say(thread, {"op": "nonsense"})
    inside.say(thread, {"op": "hello", "generation": "x", "have": 0, "page": "p"})
    inside.say(thread, {"op": "hello", "generation": -1, "have": 0, "page": "p"})
    shown = inside.got(thread, "snapshot")["snapshot"]
    assert shown["messages"][-1]["parts"][0]["text"] == "t0 t1 t2 "
    inside.say(thread, {"op": "stop"})
    inside.got(thread, "stopping")
    inside.wait_end(thread)
    lab.server.wait_closed()
    inside.say(thread, {"op": "page", "before": shown["messages"][-1]["id"]})
    assert [m["role"] for m in inside.got(thread, "page")["messages"]] == ["user"]
    inside.say(thread, {"op": "model", "model": "nobody/x"})
    assert inside.got(thread, "refused")["error"]["kind"] == "config"
    inside.say(thread, {"op": "models", "query": "script", "ask": "a1"})
    told = inside.got(thread, "reply")
    assert (told["ask"], {row["id"] for row in told["value"]["models"]}) == ("a1", {"lab/scripted"})


@pytest.mark.alone
@pytest.mark.parametrize("way", ["subshell", "control"])
def test_stop_works_while_a_cell_blocks(lab: Lab, slowly: Gate, way: str) -> None:
    """Tokens keep arriving during `time.sleep`, and Stop ends the stream long before the cell ends."""
    inside = lab.kernel
    if way == "subshell" and not inside.has_subshells:
        pytest.skip("ipykernel 6 has no subshells: there the control channel is the way")
    widget = inside.run("%chat go slowly", cell=f"blocked {way}").widget
    subshell = inside.subshell() if way == "subshell" else None
    busy = inside.send_cell("import time; time.sleep(4); print('slept')")
    inside.hear(lambda m: m["msg_type"] == "execute_input")
    slowly.release(5)
    inside.wait(lambda: "t4 " in inside.text(widget), 3)
    start = time.monotonic()
    inside.say(widget, {"op": "stop"}, channel="control" if way == "control" else "shell", subshell=subshell)
    inside.wait_end(widget, 3)
    assert time.monotonic() - start < 1.0
    assert inside.wait_cell(busy).text == "slept\n"


def test_state_is_the_sessions_whoever_would_write_it(lab: Lab) -> None:
    """Browsers' writes are ignored, Python's refused; reading gives what the session says now."""
    inside = lab.kernel
    thread = inside.run("w = nbchat.session('written').widget; display(w)").widget
    update = {"comm_id": thread, "data": {"method": "update", "state": {"title": "hacked", "kind": "turn"}}}
    inside.client.shell_channel.send(inside.client.session.msg("comm_msg", update))
    cell = inside.run("nbchat.session('written').title = 'A title'\nprint(w.title, w.kind, w)\nw.title = 'x'")
    assert cell.text == "A title thread <ChatWidget “written”>\n"
    assert cell.error is not None
    assert "cannot be set" in cell.error["evalue"]
    inside.wait(lambda: inside.comms[thread]["title"] == "A title")


def test_closing_a_widget_closes_its_layout_and_the_next_one_is_new(lab: Lab) -> None:
    """Nothing is left behind, and the session's widget can be shown again."""
    inside = lab.kernel
    inside.run("nbchat.session('before').widget")  # the kernel's first view brings the assets model, which stays
    count = inside.open_comms()
    first = inside.run("w = nbchat.session('closing').widget; display(w)").widget
    inside.run("w.close(); w.close()")
    assert inside.open_comms() == count
    assert inside.run("display(nbchat.session('closing').widget)").widget != first


def test_a_browsers_message_does_not_run_the_cells_hooks(lab: Lab) -> None:
    """post_execute flushes half-drawn figures: hearing a browser must not trigger it."""
    inside = lab.kernel
    thread = inside.run("display(nbchat.session('hooks').widget)").widget
    inside.run("hooks = []\nget_ipython().events.register('post_execute', lambda: hooks.append(1))\nhooks.clear()")
    inside.run("hooks.clear()")
    inside.say(thread, {"op": "page", "before": "nothing"})
    inside.got(thread, "page")
    assert inside.run("print(len(hooks))").text == "1\n"  # that of the cell before


def test_a_reload_gets_the_state_of_the_moment(lab: Lab, slowly: Gate) -> None:
    """`request_states` reads the live session: text and position agree."""
    inside = lab.kernel
    widget = inside.run("%chat go slowly", cell="reloaded").widget
    slowly.release(4)
    inside.wait(lambda: "t3 " in inside.text(widget))
    inside.comms["control"], inside.customs["control"] = {}, []
    opened = {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}}
    inside.client.shell_channel.send(inside.client.session.msg("comm_open", opened, metadata={"version": "1.0.0"}))
    ask = {"comm_id": "control", "data": {"method": "request_states"}}
    inside.client.shell_channel.send(inside.client.session.msg("comm_msg", ask))
    reply = inside.hear(lambda m: m["msg_type"] == "comm_msg" and m["content"]["data"].get("method") == "update_states")
    snapshot = reply["content"]["data"]["states"][widget]["state"]["snapshot"]
    assert snapshot["messages"][-1]["parts"] == [{"type": "text", "text": "t0 t1 t2 t3 "}]
    assert (snapshot["ended"], snapshot["seq"] >= 2) == (False, True)


def test_an_interrupt_of_a_waiting_cell_stops_its_turn(lab: Lab, slowly: Gate) -> None:
    """The partial is kept, the cell ends in two lines, and the next question works."""
    inside = lab.kernel
    known = set(inside.pages)
    request = inside.send_cell("%chat --wait go slowly", cell="interrupted")
    inside.hear(lambda m: m["msg_type"] == "display_data" and "text/markdown" in m["content"]["data"])
    slowly.release(2)
    inside.wait(lambda: any("t1 " in inside.text(comm) for comm in set(inside.pages) - known))
    inside.manager.interrupt_kernel()
    cell = inside.wait_cell(request)
    assert cell.error is not None
    assert len(cell.error["traceback"]) == 1
    last = inside.run("m = nbchat.session().messages[-1]; print(m.status, m.text)").text
    assert last == "stopped t0 t1 \n"
    assert inside.run("print((lambda m: m.text)(get_ipython().run_line_magic('chat', '--wait next')))").text == "You said: next\n"


def test_batch_runs_wait_and_keep_a_transcript(lab: Lab) -> None:
    """nbconvert and papermill take no input and name no cell: the answer is in the outputs, without a widget."""
    cell = lab.kernel.run("%chat in batch", stdin=False)
    assert [list(data) for data in cell.displays] == [["text/markdown"]]
    assert cell.displays[0]["text/markdown"].startswith("You said: in batch")
    lab.kernel.run("%config NbChat.output = 'batch'")
    assert "text/markdown" in lab.kernel.run("%chat configured").displays[0]
    lab.kernel.run("%config NbChat.output = 'auto'")


def test_without_a_widget_the_answer_is_printed(lab: Lab) -> None:
    """--no-widget waits and streams plain text."""
    assert lab.kernel.run("%chat --no-widget plainly?").text == "You said: plainly?\n"


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        ("%%chat\n\n", "UsageError", "The question is empty."),
        ("%chat --wait", "UsageError", "The question is empty."),
        ("%chat --frobnicate x", "UsageError", "no option --frobnicate"),
        ("%chat -m nobody/x hi", "ConfigError", "nobody"),
        ("%nbchat frobnicate", "UsageError", "no command 'frobnicate'"),
        ("%nbchat cost week", "UsageError", "Cannot sum by 'week'"),
    ],
)
def test_mistakes_are_told_in_a_few_lines(lab: Lab, code: str, name: str, says: str) -> None:
    """No traceback through nbchat; the class is the one to catch."""
    before = len(lab.server.chats)
    error = lab.kernel.run(code).error
    assert error is not None
    assert error["ename"] == name
    assert says in error["traceback"][0]
    assert not any('File "' in line or "line " in line.split("→")[0][:8] for line in error["traceback"])
    assert len(lab.server.chats) == before


def test_commands_show_what_there_is(lab: Lab, tmp_path: Path) -> None:
    """Tables of conversations, models, providers and money; doctor on one screen; no key anywhere."""
    inside = lab.kernel
    inside.run("%chat --wait -s listed hi")
    shown = {name: inside.run(f"%nbchat {name}").result for name in ("sessions", "models", "providers", "cost", "doctor", "")}
    assert "listed" in shown["sessions"]
    assert "lab/scripted" in shown["models"]
    assert lab.server.base_url in shown["providers"]
    assert "listed" in shown["cost"]
    assert "Tokens and money by notebook" in inside.run("%nbchat cost notebook").result
    file = tmp_path / "sums.csv"
    written = inside.run(f"%nbchat cost model --since 2001-01-01 --csv '{file}'").result
    assert re.search(rf"^\d+ rows? of the ledger (is|are) in {re.escape(str(file))}", written)
    assert file.read_text("utf-8").startswith("model,requests,")
    assert "Usage: %nbchat cost [by]" in str(inside.run("%nbchat cost --since").error)
    assert "kernel     ipykernel" in shown["doctor"]
    assert len(shown["doctor"].splitlines()) <= 25
    assert "stop [name | --all]" in shown[""]
    assert inside.run("%nbchat stop").result == "Nothing was running."
    assert not any(str(lab.server.api_key) in text for text in shown.values())


def test_new_begins_another_conversation_and_stays_there(lab: Lab) -> None:
    """`--new` names it after the notebook, with a number; later questions go on in it."""
    inside = lab.kernel
    inside.run("%chat --wait --new fresh")
    first = inside.run("print(nbchat.session().name)").text
    inside.run("%chat --wait going on")
    inside.run("%chat --wait --new fresher")
    second = inside.run("print(nbchat.session().name, len(nbchat.session().messages))").text
    assert first.startswith("analysis")
    assert second.startswith("analysis ")
    assert second.endswith(" 2\n")
    assert second.split()[1] != first.split()[-1]


def test_eight_thousand_tokens_in_a_burst_cost_little(lab: Lab) -> None:
    """A server that sends as fast as it can: 40 kB of answer, at most 200 kB of comm traffic, all of it text."""
    inside = lab.kernel
    widget = inside.run("%chat a lot", cell="burst").widget
    inside.wait_end(widget, 60)
    assert inside.text(widget) == A_LOT
    assert sum(len(json.dumps(message)) + OVERHEAD for message in inside.customs[widget]) <= 200_000
