"""The golden vectors of the wire, read by the Python page that the hub's tests use, and by the hub's own shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbchat.notebook.wire import read_intent
from tests.notebook.page import Page, text_of

VECTORS = sorted((Path(__file__).parent.parent / "vectors" / "wire").glob("*.json"))


def test_the_vectors_are_there() -> None:
    """Else the test below would pass by playing none."""
    assert len(VECTORS) >= 40


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_page_does_what_the_vector_says(path: Path) -> None:
    """Positions and messages after every step; each hello, which only time may delay, is one that the kernel understands."""
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    sent: list[dict[str, Any]] = []
    now = 1.0
    page = Page("page", vector["kind"], vector["snapshot"], vector["status"], now, sent.append)
    for number, step in enumerate(vector["steps"]):
        del sent[:]
        given, wanted = step["in"], step["expect"]
        if "advance_ms" in given:
            end = now + given["advance_ms"] / 1000
            while page.due is not None and page.due <= end + 1e-9:
                page.tick(page.due)
            now = end
        elif "status" in given and "op" not in given:
            page.hint(given["status"], now)
        else:
            page.custom(given, now)
        got: dict[str, Any] = {
            "position": dict(zip(("generation", "seq", "ended"), page.position, strict=True)),
            "messages": [{**message, "text": text_of(message)} for message in page.messages],
            "more": page.more,
            "sent": list(sent),
        }
        for message, named in zip(got["messages"], wanted.get("messages", []), strict=False):
            for other in message.keys() - named.keys():  # a vector names what it is about
                del message[other]
        compared = [name for name in wanted if name != "sent" or "advance_ms" not in given]  # when it asks is the browser's own
        assert {name: got[name] for name in compared} == {name: wanted[name] for name in compared}, f"step {number}"
        assert all(read_intent(message) is not None for message in sent)
