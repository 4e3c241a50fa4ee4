"""Fixtures of the browser tests: one server and one desk of pages a run, a notebook of its own for each test."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from nbchat.testing import ScriptedServer
from tests.e2e.chromium import launch, launch_profile
from tests.e2e.desk import PATIENCE, VIEWPORT, Desk
from tests.e2e.lab import Lab
from tests.e2e.notebook import Notebook, write_notebook
from tests.e2e.opening import KEY, Open, OpenChat, setup_cell

expect.set_options(timeout=PATIENCE)  # what comes ends the wait

SHOTS = Path(__file__).with_name("shots")

FAILED = pytest.StashKey[bool]()
"""Set on a test that failed: `desk` then leaves pictures of its pages in shots/."""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"), {"PEER_KEY": KEY})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """For pages that have nothing to do with others; Jupyter's are the desk's."""
    started = launch(playwright)
    yield started
    started.close()


@pytest.fixture(scope="session")
def session_desk(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    context = launch_profile(playwright, tmp_path_factory.mktemp("profile"), VIEWPORT)
    yield Desk(context)
    context.close()


@pytest.fixture
def desk(session_desk: Desk, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Desk]:
    yield session_desk
    if request.node.stash.get(FAILED, False):
        SHOTS.mkdir(exist_ok=True)
        for number, page in enumerate(session_desk.pages):
            page.screenshot(path=SHOTS / f"failed-{request.node.name}-{number}.png")
        session_desk.discard()
    session_desk.tidy()
    lab.shut_kernels()


@pytest.fixture
def app() -> str:
    """Which application notebooks are opened in: "lab" or "notebook"; a module of tests may have its own."""
    return "lab"


@pytest.fixture
def fresh() -> bool:
    """Whether JupyterLab must be loaded anew for each test; a module of tests may have its own."""
    return False


@pytest.fixture
def open_notebook(lab: Lab, desk: Desk, app: str, fresh: bool, request: pytest.FixtureRequest) -> Open:
    """Opens a new notebook with the given cells; its name is the test's."""

    def opened(cells: Sequence[str]) -> Notebook:
        path = re.sub(r"\W+", "-", request.node.name).strip("-") + ".ipynb"
        write_notebook(lab.folder / path, cells)
        return Notebook(lab, desk, path, app, fresh=fresh)

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
