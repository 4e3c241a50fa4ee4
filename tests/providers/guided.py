"""One fuzz target under atheris, which looks for new ways through the code.

`python -m tests.providers.guided TARGET CORPUS [libFuzzer's options]`; `guided` runs that in a process of its own, from a corpus
of the golden vectors. A finding ends it with an error and stands on stderr.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.providers.fuzz_corpus import seed_corpus

__all__ = ["guided"]

ROOT = Path(__file__).resolve().parents[2]
LIMITS = ("-max_len=4096", "-timeout=10", "-rss_limit_mb=1024")
"""Bytes of an input, seconds for one, and memory for all of them."""


def guided(target: str, directory: Path, seconds: int, seed: int) -> tuple[int, str]:
    """Run a target that long; returns how many inputs it was given and what was found, "" for nothing."""
    corpus = directory / target
    corpus.mkdir(parents=True, exist_ok=True)
    seed_corpus(target, corpus)
    options = [f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={directory}/", *LIMITS]
    command = [sys.executable, "-m", "tests.providers.guided", target, str(corpus), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds + 60)
    runs = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("Done ")]
    found = "" if done.returncode == 0 and runs else done.stdout[-1000:] + done.stderr[-3000:]
    return (int(runs[0]) if runs else 0), found


def main() -> None:
    """Run the target that the command line names until its time is over."""
    import atheris

    with atheris.instrument_imports(include=["nbchat.providers"]):
        from tests.providers.fuzzing import TARGETS
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
