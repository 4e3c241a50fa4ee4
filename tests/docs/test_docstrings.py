"""What `?` shows in a notebook: all that is public says what it is, what its parameters are, and what it raises; examples work;
and nothing public is a secret."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import nbchat
import nbchat.demo
import nbchat.testing
from nbchat.api.live import Live
from nbchat.api.manager import Manager
from nbchat.api.prompts import Prompts
from nbchat.api.settings import Settings
from nbchat.core.errors import ErrorInfo
from nbchat.providers.check import Check
from nbchat.sessions.state import Approval, Notice, SessionState
from tests.support.quick_demo import QUICK_DEMO

ROOT = Path(nbchat.__file__).parents[1]
MODULES = (nbchat, nbchat.testing, nbchat.demo)
GIVEN: tuple[type, ...] = (Approval, Check, ErrorInfo, Notice, SessionState)
"""Classes that have no public name, and whose values people hold."""
OF_THE_APP: dict[str, type] = {"manager": Manager, "prompts": Prompts, "settings": Settings}
"""What stands under these names; to ask for one makes the app, which no test may while it is collected."""
INTERNAL = re.compile(r"Called by (the server|connections)\.$")
HELD = {"ChatSessionManager", "Cost", "Message", "Session", "SessionEvent", "Turn", "Usage"}
"""Public for type hints and `isinstance`; people get them from calls and never write their names."""


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class and of the classes of nbchat that it stands on."""
    for name in dict.fromkeys(name for each in cls.__mro__ if each.__module__.startswith("nbchat") for name in vars(each)):
        value = inspect.getattr_static(cls, name)
        value = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property | cached_property | Live)):
            yield name, value


def public() -> Iterator[tuple[str, Any, str]]:
    """Yield (name, thing, its class's docstring) of functions, classes, and what classes have."""
    for module in MODULES:
        for name in module.__all__:
            thing = OF_THE_APP[name] if module is nbchat and name in OF_THE_APP else getattr(module, name)
            if inspect.isfunction(thing):
                yield f"{module.__name__}.{name}", thing, ""
            cls = thing if isinstance(thing, type) else type(thing)
            if cls.__module__.startswith("nbchat"):
                yield f"{module.__name__}.{name}", cls, ""
                yield from ((f"{name}.{own}", value, docstring(cls)) for own, value in members(cls))


def docstring(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "")


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


PUBLIC = [(name, thing, docstring(thing), above) for name, thing, above in public()]


def test_all_of_it_says_what_it_is() -> None:
    """In a sentence. (A dataclass that says nothing is given its signature by Python.)"""
    assert [name for name, _, said, _ in PUBLIC if not re.match(r"[`\"A-Z][^(]* [^.:]*[.:]", said)] == []
    assert len(PUBLIC) > 200


def test_values_name_their_fields() -> None:
    """Also those whose class has no public name."""
    classes: set[Any] = {*GIVEN, *(thing for _, thing, _, _ in PUBLIC if dataclasses.is_dataclass(thing))}
    missing = {
        f"{cls.__name__}.{field.name}"
        for cls in classes
        for field in dataclasses.fields(cls)
        if not field.name.startswith("_") and field.name not in words(docstring(cls))
    }
    assert missing == set()


def test_functions_name_their_parameters() -> None:
    """Where there are several; a single one is what the sentence is about."""
    missing = []
    for name, thing, said, _ in PUBLIC:
        given = set(inspect.signature(thing).parameters) - {"self", "cls", "_"} if inspect.isfunction(thing) else set()
        if len(given) > 1 and not INTERNAL.search(said):
            missing += [f"{name}({each})" for each in given - words(said)]
    assert missing == []


def test_they_name_what_they_raise() -> None:
    """They themselves, a property's setter too; what they stand on tells of its own."""
    missing = []
    for name, thing, said, above in PUBLIC:
        functions = [thing.fget, thing.fset] if isinstance(thing, property) else [thing] if inspect.isfunction(thing) else []
        code = "".join(inspect.getsource(each) for each in functions if each)
        raised = set(re.findall(r"raise (\w+(?:Error|Cancelled))\(", code))
        missing += [f"{name}: {each}" for each in raised - words(said + above)]
    assert missing == []


def test_the_large_ones_give_an_overview() -> None:
    """`s?` is where people look: a value's own docstring (`s.status?`) is that of its type."""
    for cls in (nbchat.Session, nbchat.Turn, nbchat.ChatSessionManager, type(nbchat.settings)):
        internal = {"recent_models", "table"}
        assert {name for name, _ in members(cls)} - internal <= words(docstring(cls))


def examples() -> Iterator[tuple[str, str]]:
    """Indented blocks of Python in what is public."""
    told = [(module.__name__, module.__doc__ or "") for module in MODULES] + [(name, said) for name, _, said, _ in PUBLIC]
    for name, text in told:
        for block in re.findall(r"\n\n((?:    .*\n|\n)+)", f"{text}\n"):
            lines = [line for line in textwrap.dedent(block).splitlines() if not line.startswith("python -m ")]
            yield name, "\n".join(lines)


def test_its_examples_work(tmp_path: Path) -> None:
    """Each in a shell, as in a notebook, with the demo and an `s` at hand; lines with a % are magics."""
    found = dict.fromkeys(code for _, code in examples() if code.strip())
    assert len(found) >= 5
    lines = [
        QUICK_DEMO,
        "import nbchat",
        "from nbchat.demo import DemoServer",
        "from nbchat.testing import Gate, Reply, ScriptedServer",
        "from IPython.core.interactiveshell import InteractiveShell",
        "shell = InteractiveShell.instance()",
        "shell.history_manager.enabled = False",
        "shell.push(dict(globals()))",
        *(f"shell.push(dict(s=nbchat.session('a')))\nassert shell.run_cell({code!r}).success, {code!r}" for code in found),
    ]
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def shown() -> str:
    """The README and the notebooks' cells."""
    cells = [cell for path in (ROOT / "notebooks").glob("*.ipynb") for cell in json.loads(path.read_text("utf-8"))["cells"]]
    return "\n".join([(ROOT / "README.md").read_text("utf-8"), *("".join(cell["source"]) for cell in cells)])


SHOWN = words(shown())


def test_no_name_is_a_secret() -> None:
    """Public names, and what a session, a turn and the manager can do, stand in the README or in a notebook."""
    assert {*nbchat.__all__} - SHOWN <= HELD
    for cls in (nbchat.Session, nbchat.Turn, nbchat.ChatSessionManager):
        assert {name for name, _ in members(cls)} <= SHOWN


def test_type_hints_know_the_same_names() -> None:
    """What type checkers see of the lazy names is what there is."""
    tree = ast.parse((ROOT / "nbchat" / "__init__.py").read_text("utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    names = {alias.asname or alias.name for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    names |= {ast.unparse(node.target) for node in checked.body if isinstance(node, ast.AnnAssign)}
    assert names - {"Prompts", "Settings"} == {*nbchat.__all__}
