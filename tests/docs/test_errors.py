"""Errors say whose fault they are, by their class and a sentence, and what to do, by their hint. (What a server says, and what
was an error before, is passed on.)"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nbchat
from nbchat.core import errors

HOUSE = Path(nbchat.__file__).parent
RAISED = {name for name, thing in vars(errors).items() if isinstance(thing, type) and issubclass(thing, errors.ChatError)}
EMBEDDED = ("storage/", "streams/", "core/event_reading.py", "providers/probe.py", "_server/")
"""What is said here ends another sentence ("Nothing is being saved: ..."), or is said to nbchat's own code."""


ROW = ast.Constant("A finding is a row of a table, and no sentence.")


def raised() -> Iterator[tuple[str, ast.expr, ast.expr | None]]:
    """Yield where an error is made (or a finding that is not good), its text, and its hint."""
    for file in sorted(HOUSE.rglob("*.py")):
        place = file.relative_to(HOUSE).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            hint = next((each.value for each in node.keywords if each.arg == "hint"), None)
            if node.func.id in RAISED:
                yield f"{place}:{node.lineno}", node.args[0], hint
            elif node.func.id == "ErrorInfo":
                yield f"{place}:{node.lineno}", node.args[1], node.args[2] if len(node.args) > 2 else hint
            elif node.func.id == "Finding" and said(node.args[0]) != "ok":
                yield f"{place}:{node.lineno}", ROW, node.args[3] if len(node.args) > 3 else hint


def said(text: ast.expr | None) -> str:
    """The text as far as it stands in the code, with something in the place of what does not."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts)


ALL = [each for each in raised() if not each[0].startswith(EMBEDDED)]


def test_they_say_what_to_do() -> None:
    """In a hint that is not empty."""
    assert [place for place, _, hint in ALL if hint is None or said(hint) == ""] == []
    assert len(ALL) > 150


def test_they_are_sentences() -> None:
    """With a full stop, and a capital unless a name begins them."""
    texts = {place: said(text) for place, text, _ in ALL if isinstance(text, ast.Constant | ast.JoinedStr)}
    assert {place: text for place, text in texts.items() if text[-1] not in ".?X" or text.split()[0] in ARTICLES} == {}


ARTICLES = {"a", "an", "the", "this", "that", "there", "another", "no", "nothing"}
