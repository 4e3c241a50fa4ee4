"""Restart & Run All: an unchanged cell shows the answer that it got, free and labelled; what changed is asked anew."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbchat.testing import Reply, Request, ScriptedServer
from tests.notebook.kernels import Cell, Kernel, kernel

pytestmark = pytest.mark.timeout(240)

TEN = [f"question number {number}?" for number in range(10)]
LABEL = re.compile(r"answered on \d{4}-\d\d-\d\d \d\d:\d\d UTC, run again to ask anew")


class Notebook:
    """One server, one home; each `fresh` is a restarted kernel of a notebook with this name."""

    def __init__(self, home: Path, server: ScriptedServer) -> None:
        self.home, self.server = home, server

    @contextmanager
    def fresh(self, name: str = "analysis.ipynb") -> Iterator[Kernel]:
        with kernel(self.server, self.home, name=name) as inside:
            yield inside

    def sent(self, work: Callable[[], object]) -> list[str]:
        """The questions that reach the server meanwhile (no titles: the server is on this machine)."""
        before = len(self.server.chats)
        work()
        return [str(chat.question) for chat in self.server.chats[before:]]


def answer(request: Request) -> Reply:
    return Reply.text(f"You said: {request.question}")


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A notebook of ten answered cells, whose kernel is gone."""
    with ScriptedServer(answer) as server:
        notebook = Notebook(tmp_path_factory.mktemp("home"), server)
        with notebook.fresh() as inside:
            assert notebook.sent(lambda: run_all(inside)) == TEN
        yield notebook


@pytest.fixture
def answered(ten: Notebook, tmp_path: Path) -> Notebook:
    """The same, for one test."""
    copied = ("nbchat.db", "nbchat.db-wal")
    shutil.copytree(ten.home, tmp_path / "home", ignore=lambda _, names: [name for name in names if name not in copied])
    return Notebook(tmp_path / "home", ten.server)


def run_all(inside: Kernel, questions: list[str] = TEN, options: str = "") -> list[Cell]:
    """Run all cells as a browser does: none waits for an answer; then wait for the last one."""
    cells = [inside.run(f"%chat {options}{question}", cell=f"c{number}") for number, question in enumerate(questions)]
    for cell in cells:
        assert cell.error is None
        inside.wait_end(cell.widget)
    return cells


def labels(inside: Kernel, cells: list[Cell]) -> list[bool]:
    """Which cells say that they show a stored answer."""
    return [bool(LABEL.fullmatch(inside.pages[cell.widget].continues)) for cell in cells]


def test_restart_and_run_all_sends_nothing_and_shows_all(answered: Notebook) -> None:
    """Ten cells, ten labelled answers with their transcripts, no request, no ledger row; the second run of a cell asks anew."""
    with answered.fresh() as inside:
        dry = f"print(get_ipython().run_line_magic('chat', '--dry-run {TEN[0]}'))"
        said = inside.run(dry, cell="c0").text
        assert re.search(rf"verdict +not sent: the stored answer is shown, free \({LABEL.pattern}\)\n", said)
        assert re.search(r"expected cost +nothing; .* when it is asked anew\n", said)
        rows = inside.run("print(len(nbchat.ledger('session').rows), nbchat.session().cost)").text
        shown: list[Cell] = []
        assert answered.sent(lambda: shown.extend(run_all(inside))) == []
        assert [inside.text(cell.widget) for cell in shown] == [f"You said: {question}" for question in TEN]
        assert labels(inside, shown) == [True] * 10
        place = next(m for m in shown[3].outputs if "text/markdown" in m["content"].get("data", {}))["content"]["transient"]
        assert inside.update_of(place)["content"]["data"]["text/markdown"].startswith(f"You said: {TEN[3]}")
        assert inside.run("print(len(nbchat.ledger('session').rows), nbchat.session().cost)").text == rows
        assert inside.run("print(len(nbchat.session().messages))").text == "20\n"
        assert "verdict        nothing stands against it" in inside.run(dry, cell="c0").text
        again: list[Cell] = []
        assert answered.sent(lambda: again.append(inside.run(f"%chat --wait {TEN[9]}", cell="c9"))) == [TEN[9]]
        assert labels(inside, again) == [False]
        assert inside.run("print(len(nbchat.session().messages))").text == "20\n"


def test_an_edited_cell_sends_one(answered: Notebook) -> None:
    """The last cell says something else: nine are shown, one is asked, in the place of what it said before."""
    with answered.fresh() as inside:
        edited = [*TEN[:9], "something else"]
        assert answered.sent(lambda: run_all(inside, edited)) == ["something else"]
        assert inside.run("print(len(nbchat.session().messages))").text == "20\n"


def test_new_conversations_are_begun_once(tmp_path: Path) -> None:
    """Each cell that began one goes on with it after a restart, and what follows it in it; the second run begins another."""
    code = ["%chat --wait --new one", "%chat --wait two", "%chat --wait --new -m other three", "%chat --wait four"]

    def run(inside: Kernel) -> None:
        for number, each in enumerate(code):
            assert inside.run(each, cell=f"c{number}").error is None

    with ScriptedServer(answer) as server:
        notebook = Notebook(tmp_path, server)
        with notebook.fresh() as inside:
            assert notebook.sent(lambda: run(inside)) == ["one", "two", "three", "four"]
        with notebook.fresh() as inside:
            assert notebook.sent(lambda: run(inside)) == []
            assert inside.run("print(len(nbchat.manager.conversations()), len(nbchat.session().messages))").text == "2 4\n"
            assert notebook.sent(lambda: inside.run(code[0], cell="c0")) == ["one"]
            assert inside.run("print(len(nbchat.manager.conversations()), len(nbchat.session().messages))").text == "3 2\n"


def test_waiting_and_printing_show_it_too(answered: Notebook) -> None:
    """`m = %chat --wait` gets the stored Message; plain text is labelled; `rerun = "send"` asks."""
    with answered.fresh() as inside:
        free = inside.run(f"m = %chat --wait {TEN[0]}\nprint(m.text)", cell="c0")
        printed = inside.run(f"%chat --no-widget {TEN[1]}", cell="c1")
        batch = inside.run(f"%config NbChat.output = 'batch'\n%chat {TEN[2]}", cell="c2")
        assert free.text == f"You said: {TEN[0]}\n"
        assert LABEL.search(printed.text)
        assert LABEL.search(batch.text)
        inside.run("%config NbChat.output = 'auto'\n%config NbChat.rerun = 'send'")
        assert answered.sent(lambda: inside.run(f"%chat --wait {TEN[3]}", cell="c3")) == [TEN[3]]


def test_copied_and_renamed_notebooks(answered: Notebook) -> None:
    """A copy has a conversation of its own and asks; a renamed one too, unless its conversation was renamed with it."""
    with answered.fresh("analysis-Copy1.ipynb") as inside:
        assert answered.sent(lambda: run_all(inside, TEN[:2])) == TEN[:2]
        assert inside.run("%nbchat rename analysis-Copy1 paper").error is None
    with answered.fresh("paper.ipynb") as inside:
        assert answered.sent(lambda: run_all(inside, TEN[:2])) == []
        inside.run(f"%chat --wait {TEN[1]}", cell="c1")
        assert inside.run("print(len(nbchat.session().messages))").text == "4\n"
    with answered.fresh("renamed.ipynb") as inside:
        assert answered.sent(lambda: run_all(inside, TEN[:1], "-s paper ")) == TEN[:1]
