"""The README's table of settings has every setting that the code has, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbchat
from nbchat.api.live import Live
from nbchat.api.session import Session
from nbchat.api.settings import Settings
from nbchat.notebook.magics import NbChat
from tests.support.apps import running_app

HOUSE = Path(nbchat.__file__).parent
README = (HOUSE.parent / "README.md").read_text("utf-8")
TABLE = README.partition("\n## Settings\n")[2].partition("\n## ")[0]
NAMED = set(re.findall(r"`([^`]+)`", TABLE))
SETTABLE = {name for name, value in vars(Settings).items() if isinstance(value, property) and value.fset}
TRAITS = set(NbChat.class_own_traits(config=True))
OF_A_CONVERSATION = {"title", "tools"}
"""What is set of a session and is no setting: its content."""


def read_from_the_environment() -> Iterator[str]:
    """Yield the variables of nbchat's own: texts that are a name and nothing else, and the names of `from_environment`."""
    for file in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"NBCHAT_[A-Z_]*[A-Z]", str(node.value)):
                yield str(node.value)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "from_environment":
                assert isinstance(node.args[0], ast.Constant)
                yield f"NBCHAT_{str(node.args[0].value).upper()}"


def settable(cls: type) -> Iterator[str]:
    for each in cls.__mro__:
        for name, value in vars(each).items():
            if (isinstance(value, property) and value.fset) or (isinstance(value, Live) and value.settable):
                yield name


def words_after(prefix: str) -> set[str]:
    return {match for code in re.findall(r"`([^`]+)`", README) for match in re.findall(rf"{re.escape(prefix)}([a-z_]+)", code)}


@pytest.mark.parametrize("name", sorted(SETTABLE))
def test_what_is_set_by_python_is_in_it(name: str) -> None:
    """`nbchat.settings.x`, or x in a row of its kin; and in what `nbchat.settings` displays."""
    assert any(re.search(rf"(?:nbchat\.settings\.|^){name}\b", each) for each in NAMED)
    with running_app():
        assert name in [row["setting"] for row in nbchat.settings.table()]


@pytest.mark.parametrize("name", sorted(TRAITS))
def test_what_is_configured_is_in_it(name: str) -> None:
    """`c.NbChat.x`, each of which says in `%config NbChat` what it does."""
    assert any(each.startswith(f"c.NbChat.{name}") for each in NAMED)
    assert len(str(NbChat.class_own_traits()[name].help)) > 20


@pytest.mark.parametrize("name", sorted(set(read_from_the_environment())))
def test_what_is_read_from_the_environment_is_in_it(name: str) -> None:
    """NBCHAT_X."""
    assert name in NAMED


@pytest.mark.parametrize("name", sorted({*settable(Session)} - OF_A_CONVERSATION))
def test_what_a_conversation_has_of_its_own_is_in_it(name: str) -> None:
    """`s.x`."""
    assert any(each.startswith(f"s.{name}") for each in NAMED)


def test_nothing_else_is_said() -> None:
    """Anywhere in the README."""
    public = {name for name in vars(Settings) if not name.startswith("_")}
    assert words_after("nbchat.settings.") <= public
    assert words_after("c.NbChat.") <= TRAITS
    assert set(re.findall(r"\bNBCHAT_[A-Z_]*[A-Z]\b", README)) == set(read_from_the_environment())
    assert len(TRAITS) > 5
