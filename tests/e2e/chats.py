"""Chats: what the tests know of nbchat's views in a page: where the answers, the composer and the errors are.

All selectors are here, so that a change of markup is a change of this file.
"""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Locator, Page

from tests.e2e.desk import PATIENCE

__all__ = ["View", "view_of", "views", "wait_for_answers", "wait_until", "watch", "watched"]

VIEW = ".nbchat-live, .nbchat-thread"
ANSWER_TEXT = ".message.assistant .markdown"


class View:
    """One view of a conversation: a `%chat` cell's turn, or a thread with its composer."""

    def __init__(self, root: Locator) -> None:
        self.root = root

    @property
    def answers(self) -> Locator:
        """The answers' text, oldest first."""
        return self.root.locator(ANSWER_TEXT)

    @property
    def error(self) -> Locator:
        """The error bubble of the last answer that has one."""
        return self.root.locator(".message [role='alert']").last

    @property
    def composer(self) -> Locator:
        """Where a question is typed."""
        return self.root.locator("textarea")

    @property
    def stop(self) -> Locator:
        """The Stop button; there while an answer streams."""
        return self.root.get_by_role("button", name="Stop", exact=True)

    def ask(self, text: str) -> None:
        """Type a question and press Enter."""
        self.composer.fill(text)
        self.composer.press("Enter")


def view_of(cell: Locator) -> View:
    """Return the view in a cell's output."""
    return View(cell.locator(VIEW))


def views(page: Page) -> list[View]:
    """Return the page's views in document order, as many as there are now."""
    found = page.locator(VIEW)
    return [View(found.nth(i)) for i in range(found.count())]


def wait_until(node: Locator, holds: str, *given: object) -> None:
    """Wait until a JavaScript function of an element, and of what is `given` besides, holds."""
    call = f"([node, ...given]) => ({holds})(node, ...given)"
    node.page.wait_for_function(call, arg=[node.element_handle(), *given])


def wait_for_answers(page: Page, wanted: Sequence[str], *, timeout: float = PATIENCE) -> None:
    """Wait until the views' last answers, in document order and looked at in one moment, are exactly these texts."""
    page.wait_for_function(
        "([view, answer, wanted]) => JSON.stringify(__lab.lastAnswers(view, answer)) === JSON.stringify(wanted)",
        arg=[VIEW, ANSWER_TEXT, list(wanted)],
        timeout=timeout,
    )


def watch(page: Page) -> None:
    """Look at the views' last answers in every frame from now on."""
    page.evaluate("([view, answer]) => __lab.watch(view, answer)", [VIEW, ANSWER_TEXT])


def watched(page: Page) -> list[list[str]]:
    """Stop looking, and return what every frame showed."""
    frames: list[list[str]] = page.evaluate("() => __lab.watched()")
    return frames
