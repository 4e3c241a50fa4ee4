"""nbchat's wheel in real environments: Pythons, ipykernels, IPythons and ways of nesting, each with what people run in it.

`python -m tests.soak.matrix [3.12 ...] [--scenario reloads]` makes one environment after the other, from the package index and,
for Pythons that the machine lacks, from its Debian mirror; some 40 minutes and 1 GB, all of it removed again. Not every product
of all axes: each Python meets both ipykernels where it can, each ipykernel both IPythons, and each way of nesting all three.
JupyterLab and Notebook are driven by tests/e2e, and by `python -m tests.soak.first_answer` in an environment of their own.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from tests.soak.environments import Environment, build_wheel, made, oldest, versions
from tests.soak.kernel_hosts import IN_A_KERNEL
from tests.soak.other_hosts import ELSEWHERE

SCENARIOS = {**IN_A_KERNEL, **ELSEWHERE}
NEEDS = {"run_sync, nest_asyncio 1": "nest-asyncio", "run_sync, nest-asyncio2": "nest-asyncio2"}
"""What a scenario is about, which some environments lack."""
SAID = 600
"""Characters of an error, the last ones."""
LOST = "the kernel did not send what was waited for"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
NESTING = ("nest-asyncio", "nest-asyncio2")


def environments(wheel: Path) -> list[Environment]:
    """The covering set."""
    old, new, ipython8, ipython9 = "ipykernel==6.29.*", "ipykernel==7.4.*", "ipython==8.*", "ipython==9.*"
    return [
        Environment("3.10", [*oldest(wheel), "ipykernel==6.29.0"]),
        Environment("3.10", ["ipykernel==7.*", ipython8]),
        Environment("3.10", [new]),
        Environment("3.10", [ipython9]),
        Environment("3.11", [new, ipython8]),
        Environment("3.11", [old, ipython9]),
        Environment("3.12", [new, ipython9], without=NESTING),
        Environment("3.12", [old, ipython8], without=NESTING),
        Environment("3.13", [new, ipython8]),
        Environment("3.13", [old, ipython9]),
        Environment("3.14", [new, ipython9]),
        Environment("3.14", [old, ipython8]),
        Environment("3.15", [new, ipython9]),
        Environment("3.16", [new, ipython9]),
    ]


def title(environment: Environment) -> str:
    without = f" without {', '.join(environment.without)}" if environment.without else ""
    return f"Python {environment.python}, {', '.join(environment.pins)}{without}"


def outcome(scenario: str, python: Path) -> str:
    """Run one scenario; returns "ok", or "FAILED" when it has said where, and the end of what a kernel said.

    One that waited in vain is tried once more, and says so: ipykernel itself loses a request now and then. (A kernel of 7.3
    without nbchat stopped hearing cells in 3 of 15 runs of 60, on two cores with a load of 20.)
    """
    for again in (True, False):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                SCENARIOS[scenario](str(python), Path(folder))
            except Exception as error:
                lines = {frame.lineno for frame in traceback.extract_tb(error.__traceback__) if "_hosts" in frame.filename}
                said = ANSI.sub("", str(error).encode().decode("unicode_escape", "replace"))
                print(f"{type(error).__name__} at lines {sorted(filter(None, lines))}: ...{said[-SAID:]}", file=sys.stderr)
                if not (again and LOST in said):
                    return "FAILED"
            else:
                return "ok" if again else "ok at the second try"
    return "FAILED"


def run(environment: Environment, wheel: Path, folder: Path, scenarios: list[str]) -> Counter[str]:
    """Make an environment, print a line for each scenario in it, and count what came of them."""
    counts: Counter[str] = Counter()
    try:
        with made(environment, wheel, folder) as python:
            found = versions(python, ("ipykernel", "ipython"))
            name = f"Python {found['python']}, ipykernel {found['ipykernel']}, IPython {found['ipython']}"
            for scenario in scenarios:
                if NEEDS.get(scenario) in environment.without:
                    continue
                began = time.monotonic()
                came = outcome(scenario, python)
                counts[came.split()[0]] += 1
                lacks = " without nest_asyncio" if environment.without else ""
                print(f"{name}{lacks:22} | {scenario:24} | {came} ({time.monotonic() - began:.0f} s)", flush=True)
    except LookupError as error:
        print(f"{title(environment)} | cannot be installed: {error}", flush=True)
        counts["cannot be installed"] += 1
    return counts


def main() -> int:
    """Run the matrix, or the environments of some Pythons. What fails makes it fail, and so does a machine that can make no
    environment of the very Python that runs this."""
    parser = argparse.ArgumentParser(description="nbchat in real environments")
    parser.add_argument("pythons", nargs="*", metavar="3.N", help="environments of these Pythons (all)")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="these scenarios (all)")
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    own: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="nbchat-matrix-", ignore_cleanup_errors=True) as folder:
        wheel = build_wheel(Path(folder))
        for environment in environments(wheel):
            if not arguments.pythons or environment.python in arguments.pythons:
                counts = run(environment, wheel, Path(folder), arguments.scenario or list(SCENARIOS))
                total += counts
                if environment.python == f"{sys.version_info.major}.{sys.version_info.minor}":
                    own += counts
    print(f"JupyterLab {version('jupyterlab')}, Notebook {version('notebook')} | tests/e2e: python3 -m tests browser")
    print(f"{total['ok']} ok, {total['FAILED']} failed, {total['cannot be installed']} environments cannot be installed")
    return 1 if total["FAILED"] or not total["ok"] or (own and not own["ok"]) else 0


if __name__ == "__main__":
    sys.exit(main())
