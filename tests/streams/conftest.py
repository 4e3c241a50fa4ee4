"""What tests of shared streams share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.redis_server import patient as waiting


@pytest.fixture
def patient() -> Iterator[None]:
    """How long a call to the server may take plays no part in the test."""
    with waiting():
        yield
