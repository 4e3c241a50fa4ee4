"""Seeded samples of the attacks on sessions; `python -m tests.soak` runs them in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.loopback import Loopback
from tests.bench.many import measure
from tests.soak import sends, session_kills, stops

pytestmark = pytest.mark.alone


def test_kill_at_random_moments_of_a_stream(tmp_path: Path) -> None:
    """P1 to P3: nothing acknowledged is lost or double, partials are exact and in time, every cut answer says so."""
    result = session_kills.run(samples=10, seed=20261127, directory=tmp_path)
    assert result.states["in mid-answer"] >= 1


def test_stop_at_random_moments(tmp_path: Path) -> None:
    """P13: idle, saved and the socket closed within 300 ms; the next question works at once."""
    result = stops.run(samples=15, seed=20261127, directory=tmp_path)
    assert len(result.seconds) == 15
    assert len(result.closed) >= 5


def test_two_views_and_a_script_send_at_the_same_instant(tmp_path: Path) -> None:
    """One request for each message, in order, none lost, none double."""
    assert sends.run(samples=50, seed=20261127, directory=tmp_path).startswith("150 messages, 150 requests")


def test_many_answers_at_a_time() -> None:
    """P17, a small one: no error, and every final text is that which was sent to this very stream."""
    with Loopback() as url:
        figures = measure("nbchat", url, 150, 20, 20, place="memory:")  # raises for any word that is missing, double or wrong
    assert figures["memory"] < 300
