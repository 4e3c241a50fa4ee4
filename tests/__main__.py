"""The test command: `python3 -m tests [tier ...]` installs what the tests need, runs the tiers and prints how each ended.

Starts with nothing but a Python of its own version and the standard library. Makes an environment below .venv-tests/,
asks apt for programs that are missing (as root, or where sudo asks no password), and runs each tier in that environment.
A tier that ran nothing, or skipped anything, has failed: a missing browser must never look like success.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JS = ROOT / "js"
PEER = ROOT / "tests" / "providers" / "peer"
HOME = ROOT / ".venv-tests" / f"python{sys.version_info.major}.{sys.version_info.minor}"
BIN = HOME / "bin"
TIMEOUT = 1200
"""Seconds after which one runner is stopped; the whole takes less."""
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

PYTEST_CLOSING = r"^=* ?.*\b(passed|failed|error|errors|skipped|no tests ran)\b.* in [\d.]+s"
PYTEST_FAILED = r"^(FAILED|ERROR) \S+\.py\b"
VITEST_FAILED = r"^FAIL\s|^This error originated in "
"""Of vitest also the file in which something was thrown that no test waited for."""
FAILED_MOST = 20
"""So many failed tests of a runner are named."""
LINE_MOST = 240
"""Characters of such a line; a test's name is at its beginning."""
APART = ("contracts", "e2e", "packaging")
"""Folders of tests/ that are tiers of their own."""
UNIT = ("tests", *(f"--ignore=tests/{folder}" for folder in APART))
BESIDE = ("-n", "2", "--dist", "worksteal", "-m", "not alone")
"""Two tests at a time, since half of what they do is waiting; who is done first takes over what the other has left."""
ALONE = ("-m", "alone")
"""What measures time has the machine for itself (the marker is explained in pyproject.toml)."""


@dataclass(frozen=True)
class Runner:
    """One program of a tier: its command, where it runs, and what the lines look like that say how it ended and what failed."""

    name: str
    command: Sequence[str]
    closing: str
    folder: Path = ROOT
    failed: str = r"(?!)"


@dataclass(frozen=True)
class Ending:
    """How a runner ended: whether it is content, its closing line, and the lines that name what failed."""

    name: str
    content: bool
    closing: str
    failed: tuple[str, ...] = ()


def pytest(name: str, *arguments: str) -> Runner:
    """Return a pytest run in which skipped tests count as failures."""
    return Runner(name, (str(BIN / "python"), "-m", "pytest", "--no-skips", *arguments), PYTEST_CLOSING, ROOT, PYTEST_FAILED)


def tool(command: str, *, closing: str) -> Runner:
    """Return a program of the environment, named by its command."""
    program, *arguments = command.split()
    return Runner(command, (str(BIN / program), *arguments), closing)


TIERS: dict[str, tuple[Runner, ...]] = {
    "checks": (
        tool("ruff check", closing=r"^All checks passed|^Found \d+ error"),
        tool("ruff format --check", closing=r"files? (already|would be)"),
        tool("mypy", closing=r"^(Success|Found)"),
        Runner("biome", (str(BIN / "npm"), "run", "check"), r"^Checked \d+ files?", JS),
    ),
    "unit": (pytest("pytest unit", *BESIDE, *UNIT), pytest("pytest unit alone", *ALONE, *UNIT)),
    "contracts": (pytest("pytest contracts", "tests/contracts"),),
    "vitest": (Runner("vitest", (str(BIN / "npm"), "test"), r"^\s*Tests\s", JS, VITEST_FAILED),),
    "packaging": (pytest("pytest packaging", "tests/packaging"),),
    "browser": (pytest("pytest browser", *BESIDE, "tests/e2e"), pytest("pytest browser alone", *ALONE, "tests/e2e")),
}
PROGRAMS: dict[str, tuple[str, ...]] = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "redis-server": ("redis-server",),  # the tests start their own, on ports of their own
}
"""What is installed by apt: the package, and the names under which the program may be there already."""
if sys.platform == "linux":
    PROGRAMS["strace"] = ("strace",)  # makes a database's disk fail


def run(*command: str, folder: Path = ROOT) -> None:
    """Run a step of the set-up; raises CalledProcessError when it fails."""
    print("+", " ".join(command), flush=True)
    subprocess.run(command, cwd=folder, check=True)


def install_programs() -> None:
    """Install missing programs by apt; exits with what to do where that is not possible."""
    missing = [package for package, names in PROGRAMS.items() if not any(map(shutil.which, names))]
    if find_spec("ensurepip") is None:  # Debian ships it apart from Python
        missing.append("python3-venv")
    if not missing:
        return
    root = os.geteuid() == 0
    sudo = shutil.which("sudo")
    if shutil.which("apt-get") is None or not (root or sudo):
        sys.exit(f"the tests need {', '.join(missing)}: install it and start again")
    prefix = () if root else (str(sudo), "-n")
    run(*prefix, "apt-get", "update", "-qq")
    run(*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", *missing)


def install_python() -> None:
    """Make the environment and install nbchat into it, editable, unless that was done for this pyproject.toml."""
    stamp, wanted = HOME / "installed", hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        run(sys.executable, "-m", "venv", "--clear", str(HOME))
        run(str(BIN / "python"), "-m", "pip", "install", "-q", "--upgrade", "pip")  # the oldest ones know no editable wheels
        run(str(BIN / "python"), "-m", "pip", "install", "-q", "-e", ".[test]")
        stamp.write_text(wanted)


def install_packages(folder: Path, sign: str) -> None:
    """Install a folder's npm packages, its development ones too, unless `sign` in node_modules is newer than the lock file."""
    lock, there = folder / "package-lock.json", folder / "node_modules" / sign
    if lock.is_file() and not (there.exists() and there.stat().st_mtime >= lock.stat().st_mtime):
        run(str(BIN / "npm"), "ci", "--no-audit", "--no-fund", folder=folder)
        there.touch()


def install_front_end() -> None:
    """Bring npm packages and the built front end up to date, with the environment's own Node."""
    install_packages(JS, "vitest")
    install_packages(PEER, ".package-lock.json")
    run(str(BIN / "python"), str(JS / "hatch_build.py"))


def conduct(runner: Runner) -> Ending:
    """Run one runner, passing its output on; returns how it ended."""
    print(f"\n== {runner.name}", flush=True)
    closing = ""
    failed: dict[str, None] = {}  # each once, in order
    with subprocess.Popen(
        runner.command,
        cwd=runner.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        for line in process.stdout:
            print(line, end="", flush=True)
            bare = ANSI.sub("", line).strip()
            if re.search(runner.closing, bare):
                closing = bare.strip("= ")
            if re.search(runner.failed, bare):
                failed[" ".join(bare.split())] = None
        watchdog.cancel()
    if not closing:
        said = f"did not say how it ended (exit status {process.returncode})"
        return Ending(runner.name, False, said, tuple(failed))
    counted = not re.search(r"\bskipped\b|\bno tests ran\b|\btodo\b", closing)
    return Ending(runner.name, process.returncode == 0 and counted, closing, tuple(failed))


def report(endings: Sequence[Ending]) -> None:
    """Print how each runner ended, and below all that what failed: the end of a log is what is kept of it."""
    for ending in endings:
        print(f"{'ok    ' if ending.content else 'FAILED'} {ending.name:20} {ending.closing}")
    for ending in endings:
        if ending.failed:
            print(f"\n== failed in {ending.name}")
            for line in ending.failed[:FAILED_MOST]:
                print(f"  {line[:LINE_MOST]}")
            if len(ending.failed) > FAILED_MOST:
                print(f"  and {len(ending.failed) - FAILED_MOST} more")


def main() -> int:
    """Set up, run the tiers asked for (all, by default) and return the exit status."""
    if sys.version_info < (3, 10):  # noqa: UP036 - this file is started by whatever python3 is
        sys.exit(f"nbchat needs Python 3.10 or newer; this is {sys.version.split()[0]}")
    parser = argparse.ArgumentParser(prog="python3 -m tests", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("tiers", nargs="*", metavar="tier", help=f"any of: {', '.join(TIERS)} (all)")
    names = parser.parse_args().tiers or list(TIERS)
    if unknown := [name for name in names if name not in TIERS]:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(TIERS)}")
    os.environ["PATH"] = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with & ignores it, and so would the tests
    started = time.monotonic()
    install_programs()
    os.environ["NBCHAT_CHROMIUM"] = str(next(filter(None, map(shutil.which, PROGRAMS["chromium"]))))
    install_python()
    install_front_end()
    endings = [conduct(runner) for name in names for runner in TIERS[name]]
    print(f"\n== all tiers, {time.monotonic() - started:.0f} s")
    report(endings)
    return 0 if all(ending.content for ending in endings) else 1


if __name__ == "__main__":
    sys.exit(main())
