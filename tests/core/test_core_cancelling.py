"""The token that tells a running tool to give up."""

from __future__ import annotations

import threading

import pytest

from nbchat.core.cancelling import CancelToken, ToolCancelled


def test_a_token_is_live_until_it_is_cancelled() -> None:
    """Once is for ever, and twice is no error."""
    token = CancelToken()
    token.check()
    assert (token.cancelled, token.wait(0), repr(token)) == (False, False, "<CancelToken live>")
    token.cancel()
    token.cancel()
    assert (token.cancelled, token.wait(), repr(token)) == (True, True, "<CancelToken cancelled>")
    with pytest.raises(ToolCancelled, match="was stopped"):
        token.check()


def test_whoever_waits_is_woken_from_another_thread() -> None:
    """A tool that sleeps gives up at once."""
    token, woken = CancelToken(), []
    thread = threading.Thread(target=lambda: woken.append(token.wait(60)))
    thread.start()
    token.cancel()
    thread.join(10)
    assert woken == [True]
