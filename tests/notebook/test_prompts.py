"""A question reaches the server byte for byte, whichever way it goes: lines and cells, Python, views; and is kept so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.core.ids import new_id
from nbchat.testing import Reply, ScriptedServer
from tests.notebook.browser import Browser
from tests.notebook.kernels import kernel
from tests.notebook.test_in_a_terminal import run_cells
from tests.support.apps import app_of, running_app
from tests.support.prompts import LINES, PROMPTS


def contents(server: ScriptedServer) -> list[Any]:
    return [request.messages[-1]["content"] for request in server.chats]


SEVERAL = [text for name, text in PROMPTS.items() if name not in LINES]
CELLS = [f"%%chat\n{text}\n" for text in SEVERAL]
ASKED = [*SEVERAL, *LINES.values()]


def test_lines_and_cells_of_a_shell(tmp_path: Path) -> None:
    """Through run_cell. `--` keeps blanks before a question; one line feed at a cell's end is the cell's."""
    cells = [*CELLS, *(f"%chat -- {line}" for line in LINES.values())]
    with ScriptedServer(Reply.text("yes")) as server:
        printed = run_cells(server, tmp_path, cells)
        assert contents(server) == ASKED
    assert printed == ["yes\n"] * len(cells)


@pytest.mark.timeout(180)
def test_lines_and_cells_of_a_kernel(tmp_path: Path) -> None:
    """As a notebook sends them: all lines in one cell, which waits for nothing."""
    with ScriptedServer(Reply.text("yes")) as server, kernel(server, tmp_path) as inside:
        for code in (*CELLS, "".join(f"%chat -- {line}\n" for line in LINES.values())):
            assert inside.run(code, seconds=100).error is None
        server.wait_for(len(ASKED), 100)
        assert contents(server) == ASKED


def by_python(session: nbchat.Session) -> None:
    for turn in [session.send(text) for text in ASKED]:
        assert turn.result(100).text == "yes"


def by_view(session: nbchat.Session) -> None:
    browser = Browser(session)
    for text in ASKED:
        browser.say("send", text=text, client_id=new_id())
    for _ in ASKED:
        browser.got("sent")
    assert session.queue or session.turn
    for turn in session.queue:
        turn.result(100)
    browser.wait(lambda: browser.texts[-2:] == [ASKED[-1], "yes"])  # which shows it unchanged, too
    browser.close()


@pytest.mark.parametrize("way", [by_python, by_view])
def test_python_and_views_and_what_is_kept(way: Callable[[nbchat.Session], None], tmp_path: Path) -> None:
    """And the conversation is the same when it is opened again, and sent again as the history of the next question."""
    with ScriptedServer(Reply.text("yes")) as server:
        with app_of(server, tmp_path / "kept.db"):
            way(nbchat.session("prompts"))
            assert contents(server) == ASKED
        with app_of(server, tmp_path / "kept.db"):
            session = nbchat.session("prompts")
            assert [message.text for message in session.messages if message.role == "user"] == ASKED
            session.edit(session.messages[-2].id, ASKED[-1] + ASKED[0]).result(100)
            sent = [message["content"] for message in server.chats[-1].messages if message["role"] == "user"]
            assert sent == [*ASKED[:-1], ASKED[-1] + ASKED[0]]


def test_what_utf_8_has_no_form_for_is_marked(tmp_path: Path) -> None:
    """Halves of a pair are joined; a lone one, of a file that was read with surrogateescape, say, becomes U+FFFD: neither HTTP
    nor a database carries it. What is no text is refused, and what is empty."""
    with running_app(Reply.text("yes"), Reply.text("yes")) as server:
        session = nbchat.session("notes")
        session.ask("a \ud83d\ude00 b")
        session.ask("a \udce9 b")
        assert contents(server) == ["a \U0001f600 b", "a \ufffd b"]
        for nothing in ("", " \t\n", None, b"bytes"):
            with pytest.raises(nbchat.UsageError, match=r"empty|is text"):
                session.ask(nothing)  # type: ignore[arg-type]
        assert len(session.messages) == 4
        assert app().background.call(lambda: session._core.queue) == ()
