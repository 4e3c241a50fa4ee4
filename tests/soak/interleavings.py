"""Long random interleavings of a session's life against a small model: `tests/sessions/interleavings.py`, by the thousand.

`python -m tests.soak.interleavings [--samples 400] [--seed N]` plays so many, of a hundred steps each; a failure is shrunk and
printed as the steps that lead to it.
"""

from __future__ import annotations

from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sessions.interleavings import Interleavings
from tests.soak.command import attack


def run(samples: int, seed: int, directory: Path) -> str:
    """Play `samples` interleavings; a broken promise raises with the steps that break it."""
    profile = settings(
        max_examples=samples, stateful_step_count=100, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    hypothesis.seed(seed)(Interleavings)
    run_state_machine_as_test(Interleavings, settings=profile)
    return "the model and the session agree after every step"


if __name__ == "__main__":
    attack("interleavings", 400, run)
