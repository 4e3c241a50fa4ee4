"""Random interleavings of all that people do to a conversation, and of its ends, hold to a small model of what a session is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.sessions.interleavings import Interleavings

TestInterleavings = pytest.mark.timeout(300)(Interleavings.TestCase)
TestInterleavings.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # `tests/soak/interleavings.py` shrinks what it finds
    suppress_health_check=list(HealthCheck),
)
