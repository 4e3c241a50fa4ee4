"""Answers are awaited under asyncio; another kind of loop is told so, before anything is paid for."""

from __future__ import annotations

import pytest

import nbchat
from nbchat.core.errors import KernelLoopError
from nbchat.testing import Reply
from tests.support.apps import running_app


def test_awaiting_without_asyncio_is_refused_before_anything_is_sent() -> None:
    """Under trio nothing would wake what awaits."""
    with running_app() as server:
        with pytest.raises(KernelLoopError, match="running asyncio loop") as refused:
            nbchat.session("notes").aask("hi").send(None)  # what trio does with a coroutine
        assert "trio.to_thread.run_sync(session.ask" in refused.value.hint
        assert not server.chats


def test_a_turn_that_cannot_be_awaited_goes_on_and_can_be_waited_for() -> None:
    """Neither `await turn` nor `async for` hangs, and the answer that was paid for is there."""
    with running_app(Reply.text("fine")):
        turn = nbchat.session("notes").send("hi")
        with pytest.raises(KernelLoopError, match="running asyncio loop"):
            turn.__await__().send(None)
        with pytest.raises(KernelLoopError, match="running asyncio loop"):
            turn.__aiter__().__anext__().__await__().__next__()
        assert turn.result().text == "fine"
