"""Fixtures of the browser tests: one server and one browser a run, a page context and a notebook of its own for each test."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from nbchat.testing import ScriptedServer
from tests.e2e.chromium import launch
from tests.e2e.lab import Lab
from tests.e2e.notebook import Notebook, write_notebook
from tests.e2e.opening import KEY, Open, OpenChat, setup_cell

SHOTS = Path(__file__).with_name("shots")

FAILED = pytest.StashKey[bool]()
"""Set on a test that failed: `context` then leaves pictures of its pages in shots/."""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"), {"PEER_KEY": KEY})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(30_000)
    yield made
    if request.node.stash.get(FAILED, False):
        SHOTS.mkdir(exist_ok=True)
        for number, page in enumerate(made.pages):
            page.screenshot(path=SHOTS / f"failed-{request.node.name}-{number}.png")
    made.close()
    lab.shut_kernels()


@pytest.fixture
def app() -> str:
    """Which application notebooks are opened in: "lab" or "notebook"; a module of tests may have its own."""
    return "lab"


@pytest.fixture
def open_notebook(lab: Lab, context: BrowserContext, app: str, request: pytest.FixtureRequest) -> Open:
    """Opens a new notebook with the given cells; its name is the test's."""

    def opened(cells: Sequence[str]) -> Notebook:
        path = re.sub(r"\W+", "-", request.node.name).strip("-") + ".ipynb"
        write_notebook(lab.folder / path, cells)
        return Notebook(lab, context, path, app)

    return opened


@pytest.fixture
def open_chat(open_notebook: Open, tmp_path: Path) -> OpenChat:
    """Opens a notebook whose kernel talks to a scripted server, with a database of its own (below tmp_path/nbchat)."""

    def opened(server: ScriptedServer, cells: Sequence[str], *, home: Path | None = None) -> Notebook:
        notebook = open_notebook([setup_cell(server, home or tmp_path / "nbchat"), *cells])
        notebook.run(0)
        return notebook

    return opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report
