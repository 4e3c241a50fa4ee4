"""The decoders and the dialect under atheris, for as long as one likes: python -m tests.soak.fuzz --seconds 3600

Each target has its share of the seconds. Only on Linux x86_64, where atheris has wheels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.providers.fuzzing import TARGETS
from tests.providers.guided import guided


def main() -> int:
    """Run every target and print what was found; returns in how many of them something was."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 2**31)
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was learned, for the next time")
    arguments = parser.parse_args()
    findings = 0
    with tempfile.TemporaryDirectory() as temporary:
        for target in TARGETS:
            directory = arguments.corpus or Path(temporary)
            runs, found = guided(target, directory, max(1, arguments.seconds // len(TARGETS)), arguments.seed)
            findings += bool(found)
            print(f"{target}: {runs} inputs (seed {arguments.seed}): {found or 'nothing found'}")
    return findings


if __name__ == "__main__":
    sys.exit(main())
