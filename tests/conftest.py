"""What all tests share: a home of their own, no keys from outside, and a way to make skipped tests count as failures."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# examples share two cores with browsers and kernels: how long one takes says nothing
settings.register_profile("nbchat", deadline=None)
settings.load_profile("nbchat")

# Jupyter warns in every process until a side is chosen
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails the run (what `python3 -m tests` uses)")


def pytest_collection_finish() -> None:
    if _app() is not None:
        raise pytest.UsageError("a test's module made nbchat's app while it was imported: one with the user's own home")


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("no_skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _app() -> Any:
    slot = sys.modules.get("_nbchat_process")
    return None if slot is None else slot.things.get("app")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the user's conversations, settings or keys, nor those of the test before: `%load_ext nbchat` makes the app on
    a thread, which may still be at it when the test has ended."""
    monkeypatch.setenv("NBCHAT_HOME", str(tmp_path / "nbchat-home"))
    ours = [name for name in os.environ if name.startswith("NBCHAT_") and name != "NBCHAT_HOME"]
    for name in [*ours, *(n for n in os.environ if n.endswith("_API_KEY") or n == "MODEL_PROXY_HOST")]:
        monkeypatch.delenv(name)
    before = _app()
    yield
    for thread in threading.enumerate():
        if thread.name == "nbchat-warm-up":
            thread.join(60)
    if (left := _app()) is not None and left is not before:
        left.close()


@pytest.fixture
def keyring() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring backend that is a dict, registered as the real package's own."""
    import keyring.backend

    held: dict[tuple[str, str], str] = {}

    class Memory(keyring.backend.KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return held.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            held[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())  # type: ignore[no-untyped-call]
    yield held
    keyring.set_keyring(before)
