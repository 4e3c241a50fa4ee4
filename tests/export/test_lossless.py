"""JSON and notebooks: everything comes back; what anybody may have written is checked, and refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings

from nbchat.core.conversations import Conversation
from nbchat.core.errors import UsageError
from nbchat.core.messages import Message, TextPart
from nbchat.export import from_json, to_json
from nbchat.export.document import kept, renewed, to_document
from nbchat.export.files import LARGEST_FILE, read, write
from nbchat.export.notebook_file import from_notebook, to_notebook
from nbchat.sessions.tree import ConversationTree, path_to
from tests.export.trees import ALL, ANSWER, CONVERSATION, PATH, trees


@settings(deadline=None)
@given(trees())
def test_round_trip(tree: tuple[Conversation, list[Message]]) -> None:
    """Every branch comes back equal, but for what was deleted, and twice is once; as JSON and in a notebook, in ASCII."""
    expected = kept(*tree)
    for write_text, read_text in ((to_json, from_json), (lambda c, m: to_notebook(c, (), m), from_notebook)):
        text = write_text(*tree)
        assert text.isascii()
        assert read_text(text) == expected
        assert write_text(*read_text(text)) == text


@given(trees())
def test_what_is_left_of_deleted_messages(tree: tuple[Conversation, list[Message]]) -> None:
    """The rest hangs together as the session shows it: the same paths, the same branches."""
    conversation, messages = tree
    left_conversation, left = kept(conversation, messages)
    before, after = ConversationTree(conversation, messages, ()), ConversationTree(left_conversation, left, ())
    assert not any(message.deleted for message in left)
    assert after.path == before.path
    for message in left:
        assert after.path_to(message.id) == before.path_to(message.id)
        assert after.siblings(message.id) == before.siblings(message.id)


def test_deleted_text_stays_behind() -> None:
    """An export is given away: what was deleted is in none."""
    for text in (to_json(CONVERSATION, ALL), to_notebook(CONVERSATION, PATH, ALL)):
        assert "SECRETLY" not in text


@given(trees())
def test_fresh_ids(tree: tuple[Conversation, list[Message]]) -> None:
    """A renewed tree is the same tree, and shares no id with the old one."""
    old_conversation, old = kept(*tree)
    conversation, fresh = renewed(old_conversation, old)
    back = {new.id: was.id for new, was in zip(fresh, old, strict=True)}
    assert {conversation.id, *back}.isdisjoint({old_conversation.id, *back.values()})
    assert len(back) == len(old)
    assert [replace(m, id=back[m.id], parent=m.parent and back[m.parent]) for m in fresh] == old
    assert replace(conversation, id="c", head=conversation.head and back[conversation.head]) == old_conversation


def test_the_older_format() -> None:
    """Exports of the first format, of the active path alone, are still read; one may begin below a message that it lacks."""
    document = to_document(CONVERSATION, PATH[:2])
    document["format"] = "nbchat/1"
    document["conversation"] = {n: v for n, v in document["conversation"].items() if n not in ("titled", "archived")}
    document["conversation"]["head"] = "a1"
    document["messages"][0]["parent"] = "elsewhere"
    conversation, messages = from_json(json.dumps(document))
    assert messages == list(PATH[:2])
    assert conversation == replace(CONVERSATION, titled=False, head="a1")


def test_parents_come_first() -> None:
    """Whatever the order in the file, a message follows the one that it stands below."""
    document = to_document(CONVERSATION, ALL)
    document["messages"].reverse()
    _, messages = from_json(json.dumps(document))
    seen: set[str | None] = {None}
    for message in messages:
        assert message.parent in seen
        seen.add(message.id)
    assert path_to({m.id: m for m in messages}, "a2") == PATH


Change = Callable[[dict[str, Any]], Any]


def message(number: int, **fields: Any) -> Change:
    return lambda document: document["messages"][number].update(fields)


def facts(**fields: Any) -> Change:
    return lambda document: document["conversation"].update(fields)


def deep(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


RESULT = {"type": "tool-result", "call_id": "", "text": "", "error": 1}
HOSTILE: list[tuple[str, Change]] = [
    ("no messages", lambda d: d.pop("messages")),
    ("messages of the export is not a list", lambda d: d.update(messages=3)),
    ("no conversation", lambda d: d.pop("conversation")),
    ("format 'nbchat/9'", lambda d: d.update(format="nbchat/9")),
    ("not a conversation", lambda d: d.update(format=None)),
    ("100,001 messages", lambda d: d.update(messages=[0] * 100_001)),
    ("message 1 is no object", lambda d: d.update(messages=[[]])),
    ("message 2 has the id of another one", message(1, id="u1")),
    ("stands below 'nobody', which is missing", message(1, parent="nobody")),
    ("its own ancestor", message(0, parent="a2")),
    ("its own ancestor", message(0, parent="u1")),
    ("head, 'nobody', is none", facts(head="nobody")),
    ("has no id", message(0, id=None)),
    ("id of message 1 is empty", message(0, id="")),
    ("longer than 200", message(0, id="x" * 201)),
    ("id of message 1 is not text", message(0, id=5)),
    ("parent of message 2 is not text", message(1, parent=["u1"])),
    ("role of message 1 is 'root'", message(0, role="root")),
    ("status of message 1 is not text", message(0, status=True)),
    ("parts of message 1 is not a list", message(0, parts={})),
    ("part 1 of message 1 is of no type", message(0, parts=[{"type": "script"}])),
    ("part 1 of message 1 is of no type", message(0, parts=[{"type": ["text"]}])),
    ("part 1 of message 1 is of no type", message(0, parts=["text"])),
    ("part 2 of message 1 has no text", message(0, parts=[{"type": "text", "text": "a"}, {"type": "text"}])),
    ("text of part 1 of message 1 is not text", message(0, parts=[{"type": "text", "text": {"a": 1}}])),
    ("seconds of part 1", message(0, parts=[{"type": "reasoning", "text": "", "seconds": -1}])),
    ("error of part 1 of message 1 is not true or false", message(0, parts=[RESULT])),
    ("created of message 1 is not a number", message(0, created="now")),
    ("created of message 1 is not a number", message(0, created=True)),
    ("created of message 1 is negative or too large", message(0, created=1e300)),
    ("created of message 1 is negative or too large", message(0, created=10**400)),
    ("created of message 1 is no time", message(0, created=1e12)),
    ("hidden of message 1 is not true or false", message(0, hidden="yes")),
    ("usage of message 1 is not an object", message(0, usage=[])),
    ("input_tokens of the usage of message 1 is negative", message(0, usage={"input_tokens": -1, "certainty": "reported"})),
    ("input_tokens of the usage of message 1 is not a whole", message(0, usage={"input_tokens": 1.5, "certainty": "reported"})),
    ("cached_tokens=2 is more", message(0, usage={"input_tokens": 1, "cached_tokens": 2, "certainty": "reported"})),
    ("certainty of the usage", message(0, usage={"input_tokens": 1, "certainty": "sure"})),
    ("amount in the cost of message 1", message(0, cost={"amount": "1E+999999", "certainty": "reported"})),
    ("amount in the cost of message 1", message(0, cost={"amount": "NaN", "certainty": "reported"})),
    ("amount in the cost of message 1", message(0, cost={"amount": "1" * 100_000, "certainty": "reported"})),
    ("kind of the error of message 1", message(0, error={"kind": "x", "text": ""})),
    ("parameters of message 1 is nested", message(0, parameters=deep(60))),
    ("parameters, temperature is a number", facts(parameters={"temperature": "hot"})),
    ("parameters, messages cannot be given", facts(parameters={"messages": []})),
    ("name of the conversation is not text", facts(name=3)),
    ("system of the conversation is not text", facts(system=["a"])),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "change"), HOSTILE)
def test_hostile_documents(wrong: str, change: Change) -> None:
    """The error names what is wrong, shortly."""
    document = json.loads(to_json(CONVERSATION, ALL))
    change(document)
    with pytest.raises(UsageError) as caught:
        from_json(json.dumps(document))
    assert wrong in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '"nbchat/2"',
        "{",
        "\x00",
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"format": NaN}',
        "9" * 10_000,
        "x" * 100_000,
    ],
)
@pytest.mark.parametrize("parse", [from_json, from_notebook])
def test_other_texts(text: str, parse: Callable[[str], Any]) -> None:
    """What is no export at all is refused readably."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert len(str(caught.value)) < 300


def test_a_long_chain() -> None:
    """Depth is no recursion: tens of thousands of messages, one below the other, are read in a moment."""
    chain = [Message(f"m{n}", "user", (TextPart("x"),), f"m{n - 1}" if n else None) for n in range(30_000)]
    text = to_json(replace(CONVERSATION, head="m29999"), chain)
    document = json.loads(text)
    document["messages"].reverse()
    assert len(from_json(json.dumps(document))[1]) == 30_000


# ------------------------------------------------------------ notebooks


def test_a_notebook_is_valid() -> None:
    """nbformat accepts it, and accepts it again after a save, which keeps the conversation."""
    notebook = nbformat.reads(to_notebook(CONVERSATION, PATH, ALL), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    saved = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    assert from_notebook(saved) == kept(CONVERSATION, ALL)


@settings(max_examples=30, deadline=None)
@given(trees())
def test_any_notebook_is_valid(tree: tuple[Conversation, list[Message]]) -> None:
    """Whatever the messages say."""
    conversation, messages = kept(*tree)
    nbformat.validate(json.loads(to_notebook(conversation, messages, messages)))


def test_its_cells() -> None:
    """Python of an answer can be run; prose, other languages and what is known about a message stand in the text, safely."""
    cells = json.loads(to_notebook(CONVERSATION, PATH, ALL))["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "markdown", "markdown", "code", "markdown", "markdown"]
    title, question, before, code, after, last = (cell["source"] for cell in cells)
    assert title.startswith("# On &#60;b&#62;monads")
    assert question == "### You (2025-10-09 08:53 UTC)\n\nwhat is a *monad*?"
    assert before.startswith("### Assistant (2025-10-09 08:53 UTC, version 2 of 2)")
    assert code == "print(1 < 2)"
    assert "```r\nx <- 1\n```" in after
    assert after.endswith("*lab/tiny&#95;model · 1,234 in, 56 out · &#126;&#36;0.0012 · 2.0 s*")
    assert "hidden from the model" in last
    assert cells[3]["outputs"] == []


@pytest.mark.parametrize(
    "text",
    [
        "1. a\n   ```python\n   x\n   ```",
        "```python\nx = 1",
        "```\nx\n```",
        "````markdown\n```python\nx\n```\n````",
        "```python\n\n```",
    ],
)
def test_what_is_no_code_cell(text: str) -> None:
    """Code in lists, cut code, code of no language, and Markdown about code stay text."""
    answer = replace(ANSWER, parts=(TextPart(text),))
    cells = json.loads(to_notebook(CONVERSATION, [answer], [answer]))["cells"]
    assert {cell["cell_type"] for cell in cells} == {"markdown"}


def test_another_notebook() -> None:
    """A notebook that carries no conversation is refused readably."""
    with pytest.raises(UsageError, match="carries no conversation"):
        from_notebook('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')


# ------------------------------------------------------------ files


@pytest.mark.parametrize("name", ["a.json", "a.ipynb", "a.JSON"])
def test_a_file_and_back(name: str, tmp_path: Path) -> None:
    """What write keeps, read gives back; the running answer with its text so far, though storage has none of it yet."""
    running = replace(ANSWER, id="a3", parent="a2", status="streaming", parts=(TextPart("so far"),))
    stored = replace(running, parts=())
    conversation = replace(CONVERSATION, head="a3")
    path = write(tmp_path / name, conversation, (*PATH, running), (*ALL, stored))
    assert read(path)[1][-1] == running
    assert read(path)[0] == conversation
    assert list(tmp_path.iterdir()) == [path]


def test_the_ending_decides(tmp_path: Path) -> None:
    """Each ending has its form; an unknown one is refused, and nothing is written."""
    begins = {
        "a.md": "# On",
        "a.markdown": "# On",
        "a.json": "{",
        "a.ipynb": "{",
        "a.html": "<!DOCTYPE html>",
        "a.htm": "<!DOCTYPE",
    }
    for name, begin in begins.items():
        assert write(tmp_path / name, CONVERSATION, PATH, ALL).read_text(encoding="utf-8").startswith(begin)
    for name in ("a.pdf", "a"):
        with pytest.raises(UsageError, match=r"\.md, \.html, \.ipynb or \.json"):
            write(tmp_path / name, CONVERSATION, (), ())
        assert not (tmp_path / name).exists()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A folder that is missing is named; a file that is there is replaced whole or not at all."""
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "missing" / "a.json", CONVERSATION, PATH, ALL)
    (tmp_path / "a.json").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "a.json", CONVERSATION, PATH, ALL)
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A file to read, a file of another kind, none, one that is no text, and one that is too large: each says so."""
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for name, why in {
        "a.md": "is for reading",
        "a.html": "is for reading",
        "a.txt": "no export",
        "missing.json": "cannot read",
        "bytes.json": "not UTF-8",
        "large.json": "larger than 64 MiB",
    }.items():
        with pytest.raises(UsageError, match=why):
            read(tmp_path / name)


def test_a_byte_order_mark(tmp_path: Path) -> None:
    """An editor that puts one at the beginning of a file does no harm."""
    path = tmp_path / "a.json"
    path.write_text(to_json(CONVERSATION, ALL), encoding="utf-8-sig")
    assert read(path) == kept(CONVERSATION, ALL)
