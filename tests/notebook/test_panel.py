"""The kernel's end of the side panel, in a real kernel: what it lists, what it opens, and that it asks no model anything."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbchat.notebook.comms import PANEL
from nbchat.testing import Reply, Request
from tests.notebook.kernels import Lab, lab_of

pytestmark = pytest.mark.timeout(180)
_names = itertools.count()


def answer(lab: Lab, request: Request) -> Reply:
    if "slowly" in request.question:
        return Reply.text(tokens=["one", " two"], gate=lab.gate)
    return Reply.text(f"You said: {request.question}")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A kernel for each test: all list the same notebook's conversation."""
    with lab_of(answer, tmp_path / "home") as made:
        yield made


@pytest.fixture
def panel(lab: Lab) -> Iterator[str]:
    """A panel's comm, open at the kernel."""
    comm = f"panel-{next(_names)}"
    lab.kernel.open(PANEL, comm)
    lab.kernel.got(comm, "sessions")
    yield comm
    lab.kernel.send(comm, {}, kind="comm_close")


def rows(lab: Lab, panel: str) -> list[dict[str, Any]]:
    """The last list that came."""
    found: list[dict[str, Any]] = [each for each in lab.kernel.customs[panel] if each["op"] == "sessions"][-1]["sessions"]
    return found


def test_notebooks_conversation_is_offered_before_it_is_begun(lab: Lab, panel: str) -> None:
    """Nothing is made by looking."""
    (row,) = rows(lab, panel)
    assert row == {"name": "analysis", "title": "analysis", "status": "idle", "cost": "", "own": True, "live": False}
    assert lab.kernel.run("print(len(nbchat.manager.conversations()))").text == "0\n"
    assert not lab.server.chats


def test_list_follows_what_sessions_do(lab: Lab, panel: str) -> None:
    """Who answers, what that came to, and the notebook's own first."""
    lab.kernel.run("a = nbchat.session('aside'); t = a.send('slowly')")
    lab.kernel.wait(lambda: any(row["name"] == "aside" and row["status"] == "submitted" for row in rows(lab, panel)))
    assert [row["own"] for row in rows(lab, panel)] == [True, False]
    assert rows(lab, panel)[1]["cost"] == ""  # nothing is known yet, and that is not $0.00
    lab.gate.open()
    lab.kernel.run("t.result()")
    lab.kernel.wait(lambda: any(row["name"] == "aside" and row["status"] == "idle" and row["cost"] for row in rows(lab, panel)))
    lists = [each["sessions"] for each in lab.kernel.customs[panel] if each["op"] == "sessions"]
    assert all(first != then for first, then in itertools.pairwise(lists))
    lab.kernel.run("del t; a.close()")


def test_opened_conversation_is_the_sessions_one_thread(lab: Lab, panel: str) -> None:
    """The model that is named is the one that `s.widget` shows; the page has it by then."""
    lab.kernel.send(panel, {"op": "open", "name": "notes"})
    view = lab.kernel.got(panel, "view")
    assert view["name"] == "notes"
    assert lab.kernel.comms[view["model_id"]]["kind"] == "thread"
    assert lab.kernel.run("print(nbchat.session('notes').widget.model_id)").text.strip() == view["model_id"]


def test_new_conversation_is_the_notebooks_from_then_on(lab: Lab, panel: str) -> None:
    lab.kernel.run("%chat --wait first")
    lab.kernel.send(panel, {"op": "new"})
    view = lab.kernel.got(panel, "view")
    assert view["name"] == "analysis 2"
    lab.kernel.run("m = %chat --wait second")
    assert [len(chat.messages) for chat in lab.server.chats[-2:]] == [1, 1]
    lab.kernel.wait(lambda: [row["name"] for row in rows(lab, panel) if row["own"]] == ["analysis 2"])


def test_what_it_does_not_understand_is_ignored_and_what_fails_is_said(lab: Lab, panel: str) -> None:
    for message in ({"op": "open"}, {"op": "run", "code": "1"}, {}, {"op": "open", "name": ["notes"]}):
        lab.kernel.send(panel, message)
    lab.kernel.send(panel, {"op": "open", "name": " "})
    assert lab.kernel.got(panel, "error")["error"]["text"] == "A session needs a name."


def test_closed_panel_is_told_nothing_more(lab: Lab, panel: str) -> None:
    lab.kernel.send(panel, {}, kind="comm_close")
    lab.kernel.run("pass")  # by then the kernel has heard it, and what was under way is here
    before = len(lab.kernel.customs[panel])
    lab.kernel.run("%chat --wait once more")
    lab.kernel.drain(1)
    assert len(lab.kernel.customs[panel]) == before


def test_unloaded_extension_offers_no_panel(tmp_path: Path) -> None:
    """A kernel that does not know the target closes the comm, by which a page sees that nbchat is not loaded."""
    with lab_of(answer, tmp_path) as lab:
        lab.kernel.run("%unload_ext nbchat")
        lab.kernel.open(PANEL, "panel")
        lab.kernel.wait(lambda: "panel" not in lab.kernel.comms)
        lab.kernel.run("%load_ext nbchat")
        lab.kernel.open(PANEL, "panel")
        lab.kernel.got("panel", "sessions")
