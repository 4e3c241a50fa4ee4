"""A view in widgets of one's own, in a real kernel: what follows it there, and that it is closed and opened again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbchat.testing import Reply
from tests.notebook.kernels import Lab, lab_of

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}
    with lab_of(lambda _lab, _request: Reply.text("yes", usage=usage), tmp_path_factory.mktemp("home")) as made:
        made.kernel.run("import ipywidgets as w, traitlets, threading\nnbchat.session('first').widget.close()")  # loads the rest
        yield made


def test_links_and_observers_of_a_view_follow_it(lab: Lab) -> None:
    """In the kernel, on its main thread: `link`, `dlink`, `observe`; with no second message for what pages were told."""
    inside = lab.kernel
    code = """s = nbchat.session("linked")
label, money, seen, sends = w.Label(), w.Label(), [], []
s.widget.comm.send = lambda *message, **_: sends.append(message)  # the hub's messages go another way
traitlets.link((s.widget, "status"), (label, "value"))
w.dlink((s.widget, "cost"), (money, "value"))
s.widget.observe(lambda change: seen.append((change.new, threading.current_thread().name)), names="status")
print(s.widget.comm.comm_id)"""
    comm = inside.run(code).text.strip()
    assert inside.run("print(label.value, money.value)").text == "idle $0.00\n"
    shown = inside.run(
        "m = await s.aask('hi')\nfor _ in range(200):\n    await __import__('asyncio').sleep(0.01)\n"
        "    if money.value == '$0.25' and seen and seen[-1][0] == 'idle': break\n"
        "print(label.value, money.value, s.cost, {name for _, name in seen}, seen[-1][0], sends)"
    )
    assert shown.error is None
    assert shown.text == "idle $0.25 $0.25 {'MainThread'} idle []\n"
    assert inside.comms[comm]["cost"] == "$0.25"
    refused = inside.run("label.value = 'mine'").error
    assert refused is not None
    assert "'status' tells what the session does; it cannot be set." in refused["evalue"]


def test_a_page_follows_status_and_cost_without_the_kernel(lab: Lab) -> None:
    """`jslink` and `jsdlink` take the view's own traits, by their names."""
    code = """s = nbchat.session("page")
for name in ("status", "cost", "title", "model"):
    w.jslink((s.widget, name), (w.Label(), "value")), w.jsdlink((s.widget, name), (w.Label(), "value"))"""
    assert lab.kernel.run(code).error is None
    for wrong in ("snapshot_", "messages"):
        assert lab.kernel.run(f"w.jslink((s.widget, {wrong!r}), (w.Label(), 'value'))").error is not None


def test_a_view_that_was_closed_is_another_one_when_it_is_opened_again(lab: Lab) -> None:
    """With what was said; nothing is left of the first, and what contained it can show the second."""
    inside = lab.kernel
    before = inside.open_comms()
    code = "s = nbchat.session('again')\nbox = w.VBox([s.widget])\nfirst = s.widget\ndisplay(box)\n_ = s.ask('one')"
    assert inside.run(code).error is None
    opened = inside.open_comms()
    inside.run("first.close()\nbox.children = [s.widget]\nprint(s.widget is not first, s.widget is s.widget, first.alive)")
    assert inside.open_comms() == opened
    comm = inside.run("print(s.widget.comm.comm_id)").text.strip()
    inside.wait(lambda: inside.text(comm) == "yes")
    inside.run("s.widget.close(); box.close(); box.layout.close()")
    inside.wait(lambda: comm not in inside.comms)
    assert inside.open_comms() == before


def test_an_output_takes_a_view_by_its_data(lab: Lab) -> None:
    """`append_display_data` puts it there, and nowhere else; `with out` and a plain display go on as ever."""
    inside = lab.kernel
    code = "s = nbchat.session('out'); s.ask('hi'); out = w.Output()\nout.append_display_data(s.widget)\nout.outputs[0]['data']"
    made = inside.run(f"{code}['application/vnd.jupyter.widget-view+json']['model_id'] == s.widget.model_id")
    assert made.error is None
    assert made.displays == []
    assert made.result == "True"
    shown = inside.run("display(s.widget)")
    assert [max(data) for data in shown.displays] == ["text/html", "text/markdown"]  # the view and its transcript
