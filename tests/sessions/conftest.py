"""What tests of running tools share."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture
def blocked() -> Iterator[threading.Event]:
    """What a function waits for that does not return; set at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()
