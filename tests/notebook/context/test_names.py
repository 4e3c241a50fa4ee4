"""Names: what stands for something in an IPython shell, and what does not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nbchat.notebook.context.describing import describe
from nbchat.notebook.context.names import ShellNames
from nbchat.notebook.magics import register, unregister


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell of its own, which is not the process's."""
    made: Any = InteractiveShell(colors="nocolor", config=Config(HistoryManager={"enabled": False}))  # type: ignore[no-untyped-call]
    made.user_ns.update(df=[1, 2], os=os, _hidden=1)
    last = getattr(sys, "last_value", None)
    sys.last_value = None
    yield made
    made.history_manager.end_session()
    sys.last_value = last


def told(shell: Any, name: str) -> str:
    found = ShellNames(shell).find(name)
    assert found is not None, name
    (part,) = describe(f"@{name}", found.value, 500)
    return part.text  # type: ignore[union-attr]


def run(shell: Any, *cells: str) -> None:
    for cell in cells:
        shell.run_cell(cell, store_history=True)


def test_variables_stand_for_their_values(shell: Any) -> None:
    """Those that people made: no modules, nothing of IPython's own, no underscores."""
    names = ShellNames(shell)
    found = names.find("df")
    assert found is not None
    assert (found.kind, found.value) == ("list", [1, 2])
    for nothing in ("os", "_hidden", "In", "Out", "get_ipython", "exit", "print", "nowhere", "In[x]", "df.x", "error", "cell"):
        assert names.find(nothing) is None, nothing
    shell.user_ns["exit"] = 5  # made anew by a person
    assert names.find("exit") is not None


def test_cells_and_outputs_are_told_as_they_were(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """By their numbers; `cell` is the last one that does not itself talk."""
    run(shell, "x = 1  # one", "{'a': x}", "%%chat\n@cell?", " %chat hm", "%nbchat cost", "   ")
    assert told(shell, "In[1]") == "x = 1  # one"
    assert told(shell, "Out[2]") == "dict:\n{'a': 1}"
    assert told(shell, "cell") == "{'a': x}"
    run(shell, "y = 1\n%chat about @cell")
    assert told(shell, "cell").startswith("y = 1")
    for nothing in ("In[0]", "In[99]", "Out[1]", "Out[99]"):
        assert ShellNames(shell).find(nothing) is None
    capsys.readouterr()


def test_the_error_is_the_last_traceback(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the shell's own frames, without local variables, and of a long one the end."""
    run(shell, "def f(secret):\n    return 1 / 0", "f('a password')")
    found = told(shell, "error")
    assert found.startswith("Traceback (most recent call last):\n")
    assert found.endswith("ZeroDivisionError: division by zero")
    assert 'File "In[1]", line' in found
    assert "return 1 / 0" in found
    assert "interactiveshell" not in found
    assert "secret=" not in found
    run(shell, "raise ValueError('x' * 100_000 + 'the end')")
    found = told(shell, "error")
    assert len(found) < 2_000
    assert found.endswith("the end")
    capsys.readouterr()


def test_a_class_of_the_notebook_is_its_source(shell: Any) -> None:
    """As the cell had it; one without a method is its name."""
    run(shell, "x = 1\nclass A:\n    def f(self): ...\n\n    class B:\n        def g(self): ...\ny = 2\nclass C: ...")
    assert told(shell, "A") == "class A:\n    def f(self): ...\n\n    class B:\n        def g(self): ..."
    shell.user_ns["B"] = shell.user_ns["A"].B
    assert told(shell, "B").startswith("class B:")
    assert told(shell, "C").startswith("type:\n<class '") or told(shell, "C") == "class C: ..."


def test_the_words_come_before_variables(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in them: what a question says does not depend on a loop's variable."""
    run(shell, "cell = 5\nerror = 6")
    assert told(shell, "cell") == "cell = 5\nerror = 6"
    assert ShellNames(shell).find("error") is None or sys.last_value is not None
    capsys.readouterr()


def test_what_there_is_is_listed(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Words, variables, the latest cells and outputs, each with what it is."""
    run(shell, "b = 1", "'x'")
    sys.last_value = None
    listed = ShellNames(shell).listed()
    own = [("cell", "code"), ("b", "int"), ("df", "list"), ("In[2]", "code"), ("In[1]", "code"), ("Out[2]", "str")]
    assert [row for row in listed if row in own] == own
    assert {name for name, _ in listed}.isdisjoint({"os", "_hidden", "In", "Out", "exit"})
    shell.user_ns.update({f"_i{n}": "" for n in range(600)})  # as after so many cells
    assert ("df", "list") in ShellNames(shell).listed()
    shell.user_ns.update({f"v{n}": n for n in range(5_000)})
    assert len(ShellNames(shell).listed()) <= 520
    capsys.readouterr()


def test_the_allowance_is_configured(shell: Any) -> None:
    """By `c.NbChat.context_tokens`, also where the magics are not loaded."""
    assert ShellNames(shell).allowance == 2_000
    shell.config.NbChat.context_tokens = 500
    assert ShellNames(shell).allowance == 500
    register(shell, pytest.fail)  # none of this needs the app
    assert ShellNames(shell).allowance == 500
    shell.run_line_magic("config", "NbChat.context_tokens = 700")
    assert ShellNames(shell).allowance == 700
    unregister(shell)
