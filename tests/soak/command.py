"""The command line that the attacks share: `--samples`, `--seed`, and one line that says how it went."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["attack"]


def attack(what: str, samples: int, run: Callable[[int, int, Path], object]) -> None:
    """Parse the command line, call `run(samples, seed, directory)` and print what it returns; a broken promise raises."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--samples", type=int, default=samples)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        found = run(arguments.samples, seed, Path(directory))
    print(f"{arguments.samples} {what} (seed {seed}) in {time.perf_counter() - began:.0f} s: {found}")
