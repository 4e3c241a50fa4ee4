"""Virtual environments with a wheel of nbchat: one interpreter, pins, and what is taken out again; made, used and removed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from tests.soak.pythons import find_python

__all__ = ["Environment", "build_wheel", "made", "oldest", "versions"]

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("nbclient", "papermill", "trio")
"""What runs notebooks without a front end, and another kind of loop."""


@dataclass(frozen=True)
class Environment:
    """An interpreter's version, pins for pip, and packages that are taken out when all is installed."""

    python: str
    pins: Sequence[str]
    without: Sequence[str] = ()
    tools: Sequence[str] = TOOLS


def build_wheel(folder: Path) -> Path:
    """Build a wheel of this checkout into `folder`, as pip would; returns it."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def oldest(wheel: Path) -> list[str]:
    """Pins to the oldest releases that a wheel declares to work with, of all that it needs."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().partition("\n\n")[0].splitlines()
    texts = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line]
    needed = [Requirement(each) for each in texts]
    floors = {each.name: next((rule.version for rule in each.specifier if rule.operator == ">="), None) for each in needed}
    return [f"{name}=={version}" for name, version in floors.items() if version is not None]


@contextmanager
def made(environment: Environment, wheel: Path, folder: Path) -> Iterator[Path]:
    """Install an environment below `folder` and yield its interpreter; removed afterwards, for each takes 300 MB.

    Raises LookupError, in one line, where that cannot be.
    """
    base = find_python(environment.python, folder)
    home = folder / "environment"
    try:
        subprocess.run([base, "-m", "venv", "--without-pip", str(home)], check=True, capture_output=True)
        python = home / "bin" / "python"
        _pip(python, "install", "--only-binary", ":all:", str(wheel), *environment.pins, *environment.tools)
        if environment.without:
            _pip(python, "uninstall", "--yes", *environment.without)
        yield python
    finally:
        shutil.rmtree(home, ignore_errors=True)


def versions(python: Path, names: Sequence[str]) -> dict[str, str]:
    """The interpreter's own version, as "python", and those of installed packages."""
    code = "import sys, importlib.metadata as m; print(sys.version.split()[0]); [print(m.version(n)) for n in sys.argv[1:]]"
    done = subprocess.run([python, "-I", "-c", code, *names], capture_output=True, text=True, check=True)
    return dict(zip(("python", *names), done.stdout.split(), strict=True))


def _pip(python: Path, verb: str, *arguments: str) -> None:
    """This environment's pip, at work in another one."""
    command = [sys.executable, "-m", "pip", "--python", str(python), verb, "-q", "--disable-pip-version-check", *arguments]
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=outside)
    if done.returncode:
        errors = re.findall(r"^ERROR: (?!Could not find|Ignored)(.*)", done.stderr, re.MULTILINE)
        raise LookupError(next(iter(errors), done.stderr.strip().splitlines()[-1]))
