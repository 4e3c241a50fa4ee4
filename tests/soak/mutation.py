"""Taking a rule out of a copy of nbchat, and seeing that its test fails.

A mutation is a list of edits: a file of nbchat, a text in it, and what stands there instead. A text that is not found
exactly once is an error (also in the tests, by `check_texts`), so no table of them can rot.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

__all__ = ["Edit", "Rule", "check_texts", "rule", "run"]

ROOT = Path(__file__).parents[2]
SECONDS = 10
"""A test that hangs without its rule has failed."""
AT_ONCE = 3
"""Copies in which rules are taken out side by side: many a test hangs without its rule, which takes time and no work."""


@dataclass(frozen=True)
class Edit:
    """Put `new` in the place of `old` in `nbchat/<file>`."""

    file: str
    old: str
    new: str

    def apply(self, package: Path) -> None:
        """Change the file below `package`; raises ValueError where the text is not found exactly once."""
        path = package / self.file
        source = path.read_text(encoding="utf-8")
        if (found := source.count(self.old)) != 1:
            raise ValueError(f"nbchat/{self.file} has {found} times {self.old!r}")
        path.write_text(source.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Rule:
    """A named test of tests/upstream ("file::test"), or of another folder of tests ("folder/file::test"), what is taken out, and
    the edits that do it."""

    test: str
    without: str
    edits: tuple[Edit, ...]

    @property
    def path(self) -> str:
        """The test as pytest is told of it."""
        return f"tests/{self.test}" if "/" in self.test else f"tests/upstream/{self.test}"

    @property
    def name(self) -> str:
        """The test's name alone."""
        return self.test.partition("::")[2]


def rule(test: str, without: str, *edits: tuple[str, str, str]) -> Rule:
    """Return a rule from plain tuples."""
    return Rule(test, without, tuple(Edit(*each) for each in edits))


def check_texts(rules: Iterable[Rule]) -> None:
    """Raise ValueError for a mutation whose text is not found exactly once."""
    with tempfile.TemporaryDirectory() as directory:
        for each in rules:
            _mutate(Path(directory), each.edits)
            _restore(Path(directory), each.edits)


def _restore(directory: Path, edits: Iterable[Edit]) -> None:
    for edit in edits:
        target = directory / "nbchat" / edit.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "nbchat" / edit.file, target)


def _mutate(directory: Path, edits: Sequence[Edit]) -> None:
    _restore(directory, edits)
    for edit in edits:
        edit.apply(directory / "nbchat")


def copy_tree(directory: Path) -> None:
    """Copy what a test run needs."""
    for folder in ("nbchat", "tests"):
        kept = shutil.ignore_patterns("__pycache__", "node_modules", "peer")
        shutil.copytree(ROOT / folder, directory / folder, ignore=kept)
    shutil.copyfile(ROOT / "pyproject.toml", directory / "pyproject.toml")


def failure(directory: Path, tests: Iterable[str], *, compiled: bool = True) -> str:
    """Run tests (paths) against the copy; returns why the first one failed, "" when all passed.

    What is imported was compiled by an earlier run, or, where `compiled` is false, is by this one; only what was changed since
    is compiled anew, and that is not kept (a restored file must never meet a mutation's code).
    """
    command = [sys.executable, *(["-B"] if compiled else []), "-m", "pytest", "-q", "-x", "--tb=short"]
    # A server beside each of three runs on two cores is slow to answer; no rule is taken out of what speaks to it.
    command += ["-p", "no:randomly", "-p", "no:cacheprovider", "--timeout", str(SECONDS), "-k", "not redis"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONDONTWRITE"))}
    environment["PYTHONPATH"] = str(directory)
    done = subprocess.run(
        [*command, *tests],
        cwd=directory, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):  # a mutation that breaks the import of the tests proves nothing
        raise RuntimeError(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    if done.returncode == 0:
        return ""
    lines = [line[2:].strip() for line in done.stdout.splitlines() if line.startswith("E  ")]
    return next((line for line in lines if line), "it failed")


def run(rules: Sequence[Rule], directory: Path) -> list[tuple[Rule, str]]:
    """Return for each rule why its test failed without it, "" where it passed; raises where one fails with it."""
    copies = [directory / str(number) for number in range(AT_ONCE)]
    copy_tree(copies[0])
    why = failure(copies[0], sorted({each.path for each in rules}), compiled=False)
    assert not why, f"a test fails though nothing was taken out: {why}"
    idle: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        if copy != copies[0]:
            shutil.copytree(copies[0], copy)
        idle.put(copy)

    def without(each: Rule) -> str:
        copy = idle.get()
        try:
            _mutate(copy, each.edits)
            return failure(copy, [each.path])
        finally:
            _restore(copy, each.edits)
            idle.put(copy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(zip(rules, pool.map(without, rules), strict=True))
