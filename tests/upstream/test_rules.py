"""Each named test here can fail: `tests/soak/rules.py` takes its rule out of a copy of nbchat."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.soak import rules

HERE = Path(__file__).parent
OF_TODAY = int(time.time() // 86_400)
"""The sample is another one every day, so that all of them come around."""


def test_each_rule_can_be_taken_out() -> None:
    """The text of every mutation is found, once."""
    rules.check_texts(rules.ALL_RULES)


def test_each_named_test_has_its_rule() -> None:
    """No test without a proof that it can fail, and no proof for a test that is gone."""
    named = {
        f"{path.name}::{name}"
        for path in (*HERE.glob("test_*_to_*.py"), HERE / "test_g13.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert named == {rule.test for rule in rules.RULES}


@pytest.mark.timeout(300)
def test_without_its_rule_a_test_fails(tmp_path: Path) -> None:
    """A sample; `python -m tests.soak.rules` takes out all of them."""
    passed = [rule.name for rule, why in rules.run(rules.sample(6, OF_TODAY), tmp_path) if not why]
    assert passed == [], f"passed without their rules (sample of day {OF_TODAY})"
