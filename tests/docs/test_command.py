"""The test command: what did not run, or did not say so, has failed; and no test is in no tier."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.__main__ import ALONE, APART, BESIDE, PYTEST_CLOSING, TIERS, UNIT, Runner, conduct

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("says", "content"),
    [
        ("print('=== 3 passed in 0.12s ===')", True),
        ("print('3 passed, 2 deselected in 61.20s (0:01:01)')", True),
        ("print('3 passed in 0.12s'); raise SystemExit(1)", False),
        ("print('3 passed, 1 skipped in 0.12s')", False),
        ("print('2 deselected, no tests ran in 0.12s')", False),
        ("print('something else')", False),
        ("", False),
    ],
)
def test_runner_is_content_when_it_says_so(says: str, content: bool) -> None:
    """By its exit status and by its closing line."""
    assert conduct(Runner("a runner", (sys.executable, "-c", says), PYTEST_CLOSING))[0] is content


def test_every_folder_is_in_a_tier() -> None:
    """What the unit tests leave out is a tier of its own."""
    commands = [list(runner.command) for runners in TIERS.values() for runner in runners]
    for folder in APART:
        assert (TESTS / folder).is_dir()
        assert any(f"tests/{folder}" in command for command in commands)
    assert [word for word in UNIT if word.startswith("-")] == [f"--ignore=tests/{folder}" for folder in APART]


@pytest.mark.parametrize("tier", ["unit", "browser"])
def test_what_does_not_run_beside_others_runs_alone(tier: str) -> None:
    """Two runners with the same tests, whose markers leave none out."""
    beside, alone = (list(runner.command) for runner in TIERS[tier])
    assert BESIDE[-2:] == ("-m", f"not {ALONE[-1]}")
    assert [word for word in beside if word not in BESIDE] == [word for word in alone if word not in ALONE]
    assert set(BESIDE) <= set(beside)
    assert set(ALONE) <= set(alone)
