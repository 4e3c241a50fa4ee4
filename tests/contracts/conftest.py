"""The suites live in plain modules; their assertions are to be explained as those of test files are."""

import pytest

_STORES = ("base", "conversations", "ledger", "purge", "search", "trees", "turns")
pytest.register_assert_rewrite("tests.contracts.streams_contract", *(f"tests.contracts.store_{name}" for name in _STORES))
