"""The demo as the app's provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from nbchat.app import app


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
