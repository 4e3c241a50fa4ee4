"""The demo as the app's provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import nbchat
from nbchat.app import app
from nbchat.core.errors import ChatError


def test_threads_that_come_together_get_one_started_demo() -> None:
    """A stopped first turn is still starting the server when the next one asks: both get its address."""
    running = app()
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: running._demo_provider()[0].base_url, range(8)))
        assert len(set(found)) == 1
        assert ":0/" not in found[0]
    finally:
        running.close()


def test_a_stopped_answer_of_the_demo_is_gone_on_with_to_the_letter() -> None:
    """What people try first: Stop, then Resume, gives what the whole answer would have been."""
    try:
        s = nbchat.session("notes")
        turn = s.send("long 40")
        heard = ""
        for delta in turn:
            heard += delta
            if len(heard) > 30:
                break
        turn.stop()
        with suppress(ChatError):
            turn.result()
        assert s.resume().result().text == nbchat.session("other").ask("long 40").text
    finally:
        app().close()
