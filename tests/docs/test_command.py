"""The test command: what did not run, or did not say so, has failed; and no test is in no tier."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.__main__ import ALONE, APART, BESIDE, FAILED_MOST, PYTEST_CLOSING, TIERS, UNIT, Ending, Runner, conduct, report

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
    assert conduct(Runner("a runner", (sys.executable, "-c", says), PYTEST_CLOSING)).content is content


PYTEST = """
FAILED in a log
ERROR    nbchat.client:client.py:12 no connection
=== short test summary info ===
FAILED tests/core/test_a.py::test_b[x y] - assert 1 == 2
ERROR tests/core/test_c.py::test_d - OSError: no space
=== 1 failed, 3 passed, 1 error in 0.12s ===
"""
VITEST = """
 \x1b[31mx\x1b[39m dom (chromium) tests/views/a.test.ts (3 tests | 1 failed) 61ms
     x the caret > blinks 40ms
\x1b[41m\x1b[1m FAIL \x1b[22m\x1b[49m \x1b[42m pages \x1b[49m tests/pages/b.test.ts [ tests/pages/b.test.ts ]
\x1b[41m\x1b[1m FAIL \x1b[22m\x1b[49m \x1b[43m dom (chromium) \x1b[49m tests/views/a.test.ts > the caret > blinks
AssertionError: expected 1 to be 2
 FAIL   dom (chromium)  tests/views/a.test.ts > the caret > blinks
TypeError: nothing is there
This error originated in "tests/views/c.test.ts" test file. It need not be in it.
      Tests  2 failed | 1034 passed (1036)
"""


@pytest.mark.parametrize(
    ("runner", "says", "failed"),
    [
        (
            TIERS["unit"][0],
            PYTEST,
            (
                "FAILED tests/core/test_a.py::test_b[x y] - assert 1 == 2",
                "ERROR tests/core/test_c.py::test_d - OSError: no space",
            ),
        ),
        (
            TIERS["vitest"][0],
            VITEST,
            (
                "FAIL pages tests/pages/b.test.ts [ tests/pages/b.test.ts ]",
                "FAIL dom (chromium) tests/views/a.test.ts > the caret > blinks",
                'This error originated in "tests/views/c.test.ts" test file. It need not be in it.',
            ),
        ),
    ],
    ids=["pytest", "vitest"],
)
def test_runner_names_what_failed(runner: Runner, says: str, failed: tuple[str, ...], tmp_path: Path) -> None:
    """Each once, as the runner's own summary has it."""
    said = tmp_path / "said"
    said.write_text(says, "utf-8")
    show = "import sys; sys.stdout.reconfigure(encoding='utf-8'); print(open(sys.argv[1], encoding='utf-8').read())"
    ending = conduct(replace(runner, command=(sys.executable, "-c", show, str(said)), folder=tmp_path))
    assert ending.failed == failed
    assert ending.closing == says.rstrip().rpartition("\n")[2].strip("= ")


def test_what_failed_is_named_at_the_very_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Below the lines of all runners, where a log that is cut keeps it; a short line each, and not thousands."""
    many = tuple(f"FAILED tests/test_{n}.py - {'x' * 9_000}" for n in range(FAILED_MOST + 2))
    report(
        [Ending("one", False, "3 failed", many), Ending("two", True, "5 passed"), Ending("three", False, "1 failed", ("FAIL b",))]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["FAILED", "one"], ["ok", "two"], ["FAILED", "three"]]
    assert [line for line in lines[3:] if not line.startswith("  ")] == ["", "== failed in one", "", "== failed in three"]
    assert lines[-1] == "  FAIL b"
    assert "  and 2 more" in lines
    assert max(map(len, lines)) < 250


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
