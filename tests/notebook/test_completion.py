"""Tab on a line of %chat or %nbchat: what is offered, in IPython's own completer, in time and without asking anybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import CompletionContext, provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import nbchat
from nbchat.app import app
from nbchat.notebook import completion
from nbchat.notebook.completion import PATIENCE, offered
from nbchat.notebook.magics import register, unregister
from nbchat.testing import ScriptedServer
from tests.support.apps import running_app


class Known:
    def models(self) -> Iterable[str]:
        return ["lab/tiny", "lab/qwen:7b", "router/meta/llama"]

    def sessions(self) -> Iterable[str]:
        return ["notes", "my notes", 'a "b"']

    def providers(self) -> Iterable[str]:
        return ["demo", "lab"]

    def commands(self) -> Iterable[str]:
        return ["cost", "code", "stop"]

    def names(self) -> Iterable[str]:
        return ["df", "data"]


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [
        ("%chat --te", "--te", ["--temperature"]),
        ("%chat --wait --n", "--n", ["--new", "--no-widget"]),
        ("m = %chat --w", "--w", ["--wait"]),
        ("%%chat -m lab/", "lab/", ["lab/tiny", "lab/qwen:7b"]),
        ("%chat --model=lab/qwen:", "lab/qwen:", ["lab/qwen:7b"]),
        ("%chat -m meta", "meta", ["router/meta/llama"]),
        ("%chat -s ", "", ["notes", '"my notes"', "'a \"b\"'"]),
        ("%chat -s my", "my", ['"my notes"']),
        ('%chat -s "my n', '"my n', ['"my notes"']),
        ('%chat -s "my notes" --wa', "--wa", ["--wait"]),
        ("%chat -s=no", "no", ["notes"]),
        ("%chat what is -m lab/", "", []),
        ("%chat -- -m", "", []),
        ("%chat --nope x", "", []),
        ("%chat -m lab/tiny what is @d", "@d", ["@df", "@data"]),
        ("%chat mail me@d", "", []),
        ("%chat \\@d", "", []),
        ("%nbchat co", "co", ["cost", "code"]),
        ("%nbchat cost da", "da", ["day"]),
        ("%nbchat cost day --s", "--s", ["--since"]),
        ("%nbchat stop -", "-", ["--all"]),
        ("%nbchat resume ", "", ["notes", '"my notes"', "'a \"b\"'"]),
        ("%nbchat export notes.md no", "no", ["notes"]),
        ("%nbchat load no", "", []),
        ("%nbchat doctor la", "la", ["lab"]),
        ("%nbchat models ", "", ["demo", "lab", "*"]),
        ("%chatter -m ", "", []),
        ("print(--te", "", []),
    ],
)
def test_what_is_offered(line: str, word: str, expected: list[str]) -> None:
    """The unfinished word, and what it could become."""
    assert offered(line, Known()) == (word, expected)


def test_options_are_offered_before_a_question() -> None:
    """All of them, each once."""
    word, found = offered("%chat ", Known())
    assert word == ""
    assert {"-m", "--session", "--wait", "-o"} <= set(found)
    assert len(found) == len(set(found))


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An IPython shell with the magics, a server whose models were listed once, and a conversation with a blank in its name."""
    with running_app() as server:
        nbchat.list_models("lab")
        nbchat.session("my notes")
        made: Any = InteractiveShell()  # type: ignore[no-untyped-call]
        register(made, lambda: app().services)
        made.server = server
        monkeypatch.setattr(completion, "PATIENCE", 10)  # this machine may be busy
        yield made
        unregister(made)


def tab(shell: Any, code: str) -> list[str]:
    """The texts that a front end shows, each with what stands before it cut off where it replaces something."""
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, len(code)))
    assert all(code[each.start : each.end] == code[each.start :] for each in found)
    return [each.text for each in found]


def test_ipython_shows_it_and_nothing_else(shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of Python's among the options, no option in Python; files where files are meant; nothing after unloading."""
    assert tab(shell, "%nbchat doc") == ["doctor"]
    assert tab(shell, "%chat -m lab/o") == ["lab/other"]
    assert tab(shell, "x = 1\n%chat --te") == ["--temperature"]
    assert tab(shell, "%chat -s my") == ['"my notes"']
    shell.user_ns["frame"] = 1
    assert tab(shell, "%chat what is in @fra") == ["@frame"]
    assert tab(shell, "%%chat\nwhat is in @fra") == ["@frame"]
    (tmp_path / "kept.json").touch()
    monkeypatch.chdir(tmp_path)
    assert "kept.json" in tab(shell, "%nbchat load kep")
    assert "frame" in tab(shell, "fra")
    register(shell, lambda: app().services)
    assert tab(shell, "%chat --te") == ["--temperature"]
    unregister(shell)
    assert "--temperature" not in tab(shell, "%chat --te")


def test_it_asks_nobody_and_does_not_wait(shell: Any) -> None:
    """No request; where the database does not answer, Tab comes back all the same."""
    server: ScriptedServer = shell.server
    before = len(server.requests)
    tab(shell, "%chat -m ")
    tab(shell, "%nbchat models ")
    assert len(server.requests) == before
    completion.PATIENCE = PATIENCE
    release = threading.Event()
    app().background.post(release.wait, 60)
    line = "%chat -s "
    (ours,) = shell.Completer.custom_matchers
    start = time.perf_counter()
    found = ours(CompletionContext(line, line, len(line), 0, None))
    waited = time.perf_counter() - start
    release.set()
    assert found == {"completions": [], "suppress": False}
    assert PATIENCE <= waited < 30, "it waited for the database"
