"""What must be so whichever way a request takes: nbchat's own HTTP, or httpx's, which takes its place where a proxy is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tests.providers.cutting import TRANSPORTS, Transport

__all__ = ["TRANSPORTS", "over"]


@contextmanager
def over(transport: Transport) -> Iterator[None]:
    """Have clients that are made meanwhile go this way, also without a proxy."""
    if transport == "direct":
        yield
        return
    with patch("nbchat.providers.http.client.DirectTransport", lambda *_: None):  # what a client is given where a proxy is
        yield
