"""How long requests wait is people's to set: it acts on the next request, is kept, and may be nonsense in a database."""

from __future__ import annotations

import math
from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.timeouts import Timeouts, timeouts_of
from nbchat.testing import Gate, Reply
from tests.support.apps import running_app

USUAL = {"connect": 10.0, "first_token": 300.0, "between_tokens": 120.0}


def test_a_shorter_time_ends_the_next_request() -> None:
    """A server that says nothing is given up after the seconds that were set, by an error that names them."""
    with running_app(Reply.text("one"), Reply.text("two", gate=Gate()), Reply.text("three")):
        s = nbchat.session("notes")
        assert s.ask("a").text == "one"
        assert nbchat.settings.timeouts == USUAL
        nbchat.settings.timeouts = {"first_token": 0.2}
        with pytest.raises(nbchat.ChatError) as caught:
            s.ask("b")
        assert (caught.value.kind, "0.2 s" in caught.value.text) == ("timeout", True)
        nbchat.settings.timeouts = None
        assert s.ask("c").text == "three"
        assert nbchat.settings.timeouts == USUAL


def test_they_are_kept_one_by_one() -> None:
    """What was set before stays; the next kernel has both."""
    with running_app():
        nbchat.settings.timeouts = {"first_token": 600}
        nbchat.settings.timeouts = {"connect": 5}
        again = app()
        again.background.wait(again.choices.load())
        assert nbchat.settings.timeouts == {**USUAL, "first_token": 600.0, "connect": 5.0}
        endpoint = again.registry.get("lab")
        assert isinstance(endpoint, Endpoint)
        assert endpoint.timeouts == Timeouts(connect=5.0, first_token=600.0)


@pytest.mark.parametrize(
    "wrong", [{"first": 1}, {"connect": 0}, {"connect": -1}, {"connect": "5"}, {"connect": math.inf}, {1: 1}]
)
def test_what_is_no_timeout_is_refused(wrong: dict[Any, Any]) -> None:
    """By name, or as a number; nothing is changed."""
    with running_app():
        with pytest.raises(nbchat.ChatError):
            nbchat.settings.timeouts = wrong
        assert nbchat.settings.timeouts == USUAL


@pytest.mark.parametrize(
    "saved", [None, [], "x", {"connect": None, "first_token": "a", "between_tokens": True}, {"connect": math.nan}]
)
def test_nonsense_in_the_database_counts_for_nothing(saved: Any) -> None:
    """A kernel starts all the same."""
    assert timeouts_of(saved) == Timeouts()
