"""Another process comes to a running answer at any moment, and shows it to the byte: a sample of `tests/soak/attaching.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import attaching
from tests.support.redis_server import redis_server

SAMPLES, SEED = 10, 20261127


@pytest.mark.parametrize("backend", ["sqlite", "redis"])
def test_attaching_at_any_moment(backend: str, tmp_path: Path) -> None:
    """Ten random points of an answer of another process: each reader has all of it, once."""
    if backend == "sqlite":
        found = attaching.run(SAMPLES, SEED, f"sqlite:{tmp_path / 'streams.db'}")
    else:
        with redis_server(tmp_path / "redis") as server:
            found = attaching.run(SAMPLES, SEED, server.url)
    assert sum(found.values()) == SAMPLES
