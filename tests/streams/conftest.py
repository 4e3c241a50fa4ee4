"""What tests of shared streams share."""

from __future__ import annotations

import pytest

from tests.support.redis_server import patience


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a call to the server may take plays no part in the test."""
    patience(monkeypatch)
