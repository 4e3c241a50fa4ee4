"""A click on an offer."""

from __future__ import annotations

import pytest

import nbchat
from nbchat.app import App, app
from nbchat.core.errors import ChatError, UsageError
from nbchat.providers.making import make_provider
from nbchat.providers.offers import Offer
from nbchat.testing import ScriptedServer


def offered(running: App, server: ScriptedServer) -> Offer:
    """Make the server the one thing that was found on this machine."""
    provider, _ = make_provider("lab", base_url=server.base_url)
    offer = Offer("lab", "Use lab", "it listens", provider)
    running.offering._found = (offer,)
    return offer


def test_an_offer_that_does_not_answer_stays_open() -> None:
    """Its server may start later; until then nothing is configured, and the demo answers."""
    running = app()
    try:
        with ScriptedServer() as server:
            offer = offered(running, server)
        session = running.background.wait(running.manager.open("notes"))
        with pytest.raises(ChatError):
            running.background.wait(running.offering.choose("lab", session))
        assert list(running.offering.open()) == [offer]
        assert "lab" not in [provider.id for provider in running.registry.list()]
        assert nbchat.settings.model == "demo/demo"
    finally:
        running.close()


def test_a_late_click_replaces_nothing() -> None:
    """A view that still shows an offer cannot undo what was configured since."""
    running = app()
    try:
        with ScriptedServer() as server:
            offered(running, server)
            nbchat.add_provider("lab", base_url="http://127.0.0.1:9/v1")
            session = running.background.wait(running.manager.open("notes"))
            with pytest.raises(UsageError, match="gone"):
                running.background.wait(running.offering.choose("lab", session))
            assert running.registry.get("lab").provider.base_url == "http://127.0.0.1:9/v1"
            assert not server.requests
    finally:
        running.close()
