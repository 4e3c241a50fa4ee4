"""What the next question will come to, and the choice when a conversation is too long, in the views of a real session."""

from __future__ import annotations

from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.testing import Reply
from tests.notebook.browser import Browser
from tests.sessions.test_context import sized
from tests.support.apps import running_app


async def length_of_100(_provider: str, _model: str) -> int:
    return 100


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model can read 100 tokens."""
    monkeypatch.setattr("nbchat.providers.context_lengths.ContextLengths.length", lambda _, *names: length_of_100(*names))


def outlook(browser: Browser, **wanted: Any) -> None:
    """Wait until the view is told of these figures."""
    browser.wait(lambda: wanted.items() <= (browser.state["outlook"] or {}).items())


@pytest.mark.usefixtures("short")
def test_each_thread_is_told_of_its_own_branch_and_a_turns_view_of_nothing() -> None:
    """After every answer, and when something changes; nothing is sent while nothing does."""
    with running_app(*[sized] * 2) as server:  # type: ignore[arg-type]
        s = nbchat.session("notes")
        browser = Browser(s)
        assert browser.state["outlook"]["tokens"] == 0
        turn = s.send("a" * 40)
        turn.result()
        outlook(browser, tokens=30, length=100, estimated=False, price=None)
        other = Browser(s)
        s.edit(s.messages[0].id, "b" * 80).result()
        outlook(browser, tokens=40)
        browser.say("switch", message=other.page.messages[0]["siblings"][0])
        outlook(browser, tokens=30)
        outlook(other, tokens=40)
        s.system = "s" * 40
        outlook(other, tokens=50, estimated=True)
        assert Browser(s, turn).state["outlook"] is None
        assert len(server.chats) == 2


@pytest.mark.usefixtures("short")
def test_the_oldest_messages_are_dropped_with_a_click_and_the_view_says_from_where_on() -> None:
    """The refused question is asked in its place, and later ones are sent in the same way."""
    with running_app(*[sized] * 3) as server:  # type: ignore[arg-type]
        s = nbchat.session("notes")
        browser = Browser(s)
        for text in ("a" * 80, "b" * 80):
            s.ask(text)
        with pytest.raises(nbchat.ChatError, match="too long for the model") as raised:
            s.ask("c" * 84)
        assert raised.value.kind == "context_length"
        browser.shows("a" * 80, "y" * 80, "b" * 80, "y" * 80, "c" * 84, "")
        browser.say("resume", message=browser.id(5), client_id="c1", drop=True)
        browser.shows("a" * 80, "y" * 80, "b" * 80, "y" * 80, "c" * 84, "y" * 80)
        assert browser.page.messages[5]["omitted"] == 4
        assert s.when_full == "drop"
        outlook(browser, first=browser.id(4), omitted=4, tokens=41)
        assert [len(chat.messages) for chat in server.chats] == [1, 3, 1]


@pytest.mark.usefixtures("short")
def test_a_question_is_asked_without_the_history() -> None:
    """On a branch of its own, to which the view goes; the conversation stays beside it."""
    with running_app(*[sized] * 3) as server:  # type: ignore[arg-type]
        s = nbchat.session("notes")
        browser = Browser(s)
        for text in ("a" * 80, "b" * 80):
            s.ask(text)
        with pytest.raises(nbchat.ChatError):
            s.ask("c" * 84)
        browser.shows("a" * 80, "y" * 80, "b" * 80, "y" * 80, "c" * 84, "")
        browser.say("alone", message=browser.id(5), client_id="c1")
        browser.shows("c" * 84, "y" * 80)
        assert len(browser.page.messages[0]["siblings"]) == 2
        assert [len(chat.messages) for chat in server.chats] == [1, 3, 1]
        assert s.when_full == "refuse"


def test_a_private_conversation_shows_figures_alone() -> None:
    """What a page keeps of them is saved in the notebook."""
    with running_app(Reply.text("A secret.")):
        s = nbchat.session("hush", private=True)
        s.ask("What is it?")
        look = app().background.call(app().services.hub.look, Browser(s).view)
        assert look["outlook"]["tokens"] > 0
        assert "secret" not in repr(look)
