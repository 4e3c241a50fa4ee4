"""The proof that the named tests of tests/upstream can fail: each one's rule is taken out of a copy of nbchat, and it must; and
the same for rules of trees, tools and titles whose tests stand elsewhere.

`python -m tests.soak.rules [--samples N] [--seed N] [test ...]` prints a table; a sample rotates with the seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.more_rules import MORE_RULES
from tests.soak.mutation import Rule, check_texts, run
from tests.soak.named_rules import NAMED_RULES
from tests.soak.stream_rules import STREAM_RULES

__all__ = ["ALL_RULES", "RULES", "check_texts", "run", "sample"]

RULES = NAMED_RULES + STREAM_RULES
ALL_RULES = RULES + MORE_RULES


def sample(count: int, seed: int) -> list[Rule]:
    """Return some of the rules, in the order of the table."""
    chosen = random.Random(seed).sample(range(len(ALL_RULES)), min(count, len(ALL_RULES)))
    return [ALL_RULES[at] for at in sorted(chosen)]


def main() -> int:
    """Take out rules and print what the tests say; returns how many tests passed without their rule."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("tests", nargs="*", help="parts of test names (default: all)")
    parser.add_argument("--samples", type=int, default=len(ALL_RULES))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    check_texts(ALL_RULES)
    rules = [
        each
        for each in sample(arguments.samples, arguments.seed)
        if not arguments.tests or any(word in each.test for word in arguments.tests)
    ]
    if not rules:
        parser.error("no test has such a name")
    with tempfile.TemporaryDirectory() as directory:
        found = run(rules, Path(directory))
    for each, why in found:
        print(f"{'ok    ' if why else 'PASSED'} {each.name}\n       without “{each.without}”: {why[:110]}")
    kept = sum(bool(why) for _, why in found)
    print(f"{kept} passed, {len(found) - kept} failed")
    return len(found) - kept


if __name__ == "__main__":
    sys.exit(main())
