"""A newcomer's way: from the README's first command, in a fresh clone, to the first word of an answer in a browser, measured.

`python -m tests.soak.first_answer` clones this repository at its last commit, runs the command as it stands in README.md (with
empty caches of pip and npm, as on a new machine), opens what it opens in Chromium, and runs the quickstart's cells by hand until
the answer to its first question begins. Prints how long each part took; a few hundred megabytes, removed again.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.e2e.chats import view_of
from tests.e2e.chromium import launch

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1200.0
"""Seconds for the command."""
PAGE = 180_000
"""Milliseconds for each step in the browser."""
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}


class Watch:
    """Names moments, and says how long it was from one to the next."""

    def __init__(self) -> None:
        self.moments = [("", time.monotonic())]

    def note(self, name: str) -> None:
        self.moments.append((name, time.monotonic()))

    def report(self) -> str:
        """A line for each part, and one for the whole."""
        steps = zip(self.moments, self.moments[1:], strict=False)
        parts = [f"{then - now:7.1f} s  {name}" for (_, now), (name, then) in steps]
        return "\n".join([*parts, f"{self.moments[-1][1] - self.moments[0][1]:7.1f} s  from the command to the first word"])


def first_command() -> str:
    """The first shell command of the README."""
    found = re.search(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, "the README begins with no command"
    return found[1].strip()


def settings(folder: Path) -> dict[str, str]:
    """A new user's home, without caches; a browser that only notes what it is to open; and what root needs."""
    config, opened = folder / "config", folder / "opened"
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{opened}.part" && mv "{opened}.part" "{opened}"\n')
    browser.chmod(0o755)
    config.mkdir()
    if os.geteuid() == 0:
        (config / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
    ours = ("NBCHAT_", "JUPYTER", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) and not name.endswith("_API_KEY")}
    return {
        **kept,
        "BROWSER": f"{browser} %s",
        "HOME": str(folder),
        "JUPYTER_CONFIG_DIR": str(config),
        "NPM_CONFIG_CACHE": str(folder / "npm"),
        "PIP_CACHE_DIR": str(folder / "pip"),
        "PIP_PROGRESS_BAR": "off",
    }


def note_lines(output: IO[str], said: list[str], watch: Watch) -> None:
    """Keep what the command says, and note when pip is done."""
    for line in output:
        said.append(line)
        if line.startswith("Successfully installed"):
            watch.note("the environment and everything that it needs, the front end built")


@contextmanager
def running(command: str, clone: Path, folder: Path, watch: Watch) -> Iterator[str]:
    """Run the command until it opens a browser; yields the address. All that it started is ended afterwards."""
    said: list[str] = []
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=clone,
        env=settings(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        reader = threading.Thread(target=note_lines, args=(process.stdout, said, watch), daemon=True)
        reader.start()
        try:
            end, opened = time.monotonic() + PATIENCE, folder / "opened"
            while not opened.exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError("".join(said)[-3000:])
                time.sleep(0.05)
            watch.note("the server, until it opens the browser")
            yield opened.read_text()
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def ask_first_question(page: Page, address: str, watch: Watch) -> str:
    """Open the address, run the notebook's cells from the top by Shift+Enter; returns what is shown of the answer first."""
    page.goto(address if "://" in address else Path(address).as_uri())
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    cells.nth(1).wait_for(timeout=PAGE)
    page.locator(".jp-NotebookPanel [data-status='idle'], .jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for(
        timeout=PAGE
    )
    watch.note("JupyterLab with the quickstart, its kernel idle")
    cells.nth(0).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    cells.nth(0).locator(".jp-InputPrompt", has_text=re.compile(r"\[1\]")).wait_for(timeout=PAGE)
    watch.note("%load_ext nbchat")
    cells.nth(1).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    answer = view_of(cells.nth(1)).answers.first
    page.wait_for_function("shown => shown.innerText.trim().length > 0", arg=answer.element_handle(timeout=PAGE), timeout=PAGE)
    shown = answer.inner_text()
    watch.note("the first question, until a word of its answer is seen")
    return shown


def main() -> int:
    """Go the way once and print its parts."""
    with (
        tempfile.TemporaryDirectory(prefix="nbchat-newcomer-", ignore_cleanup_errors=True) as made,
        sync_playwright() as playwright,
    ):
        folder, clone = Path(made), Path(made, "nbchat")
        subprocess.run(["git", "clone", "-q", "--depth", "1", ROOT.as_uri(), str(clone)], check=True)
        browser, command = launch(playwright), first_command()
        print(f"$ {command}", flush=True)
        watch = Watch()
        with running(command, clone, folder, watch) as address:
            shown = ask_first_question(browser.new_page(viewport=VIEWPORT), address, watch)
        browser.close()
    print(watch.report())
    print(f"what was seen first: {shown[:60]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
