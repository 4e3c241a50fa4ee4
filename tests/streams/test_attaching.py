"""Another process comes to a running answer at any moment, and shows it to the byte: a sample of `tests/soak/attaching.py`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.soak import attaching
from tests.support.redis_server import redis_server

SAMPLES = 10


@pytest.mark.parametrize("backend", ["sqlite", "redis"])
def test_attaching_at_any_moment(backend: str, tmp_path: Path) -> None:
    """Ten random points of an answer of another process: each reader has all of it, once."""
    seed = int(time.time())
    print("seed", seed)
    if backend == "sqlite":
        found = attaching.run(SAMPLES, seed, f"sqlite:{tmp_path / 'streams.db'}")
    else:
        with redis_server(tmp_path / "redis") as server:
            found = attaching.run(SAMPLES, seed, server.url)
    assert sum(found.values()) == SAMPLES
