"""The suites live in plain modules; their assertions are to be explained as those of test files are."""

import pytest

pytest.register_assert_rewrite("tests.contracts.store_contract", "tests.contracts.streams_contract")
