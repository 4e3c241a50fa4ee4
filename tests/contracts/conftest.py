"""The suites live in plain modules; their assertions are to be explained as those of test files are."""

import pytest

_STORES = ("base", "conversations", "ledger", "purge", "search", "trees", "turns")
_STREAMS = ("attaching", "base", "ends", "entries", "jobs", "lease", "positions", "readers", "watching")
pytest.register_assert_rewrite(
    *(f"tests.contracts.store_{name}" for name in _STORES), *(f"tests.contracts.streams_{name}" for name in _STREAMS)
)
