"""A conversation of two branches, and a page that shows what a view of it is sent."""

from __future__ import annotations

from collections.abc import Sequence

from nbchat.core.messages import Message, TextPart
from nbchat.notebook.view import View
from tests.notebook.page import Page, text_of
from tests.notebook.stage import Recorder, Stage

__all__ = ["below", "page_of", "shown_by", "two_branches"]


def two_branches() -> list[Message]:
    """One question with two answers; below each answer a question with an answer. The second branch is the active path."""

    def said(name: str, parent: str | None) -> Message:
        return Message(name, "user" if name.startswith("q") else "assistant", (TextPart(name),), parent, model="lab/tiny")

    return [said("q", None), said("a1", "q"), said("a2", "q"), *below("1", said("q1", "a1")), *below("2", said("q2", "a2"))]


def below(number: str, question: Message) -> Sequence[Message]:
    return question, Message(f"b{number}", "assistant", (TextPart(f"b{number}"),), question.id, model="lab/tiny")


def page_of(stage: Stage, view: View) -> Page:
    look = stage.hub.look(view)
    kind = "thread" if view.turn is None else "turn"
    return Page("page", kind, look["snapshot"], look["status"], stage.clock.monotonic(), lambda _: None)


def shown_by(page: Page, sent: Recorder) -> list[str]:
    """Give the page what was sent; returns what it shows."""
    for message in sent.messages:
        page.custom(message, 0.0)
    sent.messages.clear()
    return [text_of(message) for message in page.messages]
