"""20,000 trials of the lossy wire. Run: python -m tests.soak.lossy_wire [trials [first seed]]"""

from __future__ import annotations

import asyncio
import sys
import time

from tests.notebook.test_lossy_wire import trial


def main(trials: int = 20_000, first: int = 0) -> int:
    """Play the trials, print the first seed that ends unequal; 0 when none does."""
    start = time.monotonic()
    for seed in range(first, first + trials):
        try:
            asyncio.run(trial(seed))
        except AssertionError as error:
            print(f"seed {seed}: {error}")
            return 1
    print(f"{trials} trials, no divergence, {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
