"""What must be so whichever way a request takes is tested over both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.transports import TRANSPORTS, over


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test over each transport; gives the name of the one in use."""
    with over(request.param):
        yield request.param
