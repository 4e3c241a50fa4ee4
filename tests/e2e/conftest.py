"""Fixtures of the browser tests: one server and one browser a run, a page context and a notebook of its own for each test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from nbchat.testing import ScriptedServer
from tests.e2e.lab import Lab
from tests.e2e.notebook import Notebook, write_notebook

SHOTS = Path(__file__).with_name("shots")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-background-timer-throttling",  # a second tab must go on living while the first is in front
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)

FAILED = pytest.StashKey[bool]()
"""Set on a test that failed: `context` then leaves pictures of its pages in shots/."""

KEY = "sk-CANARY-4f9d1c77e2ab"
"""The key of every scripted server here: must never be seen outside the request that carries it."""

SETUP = """
import os
os.environ["NBCHAT_HOME"] = {home!r}
%load_ext nbchat
import nbchat
nbchat.add_provider("peer", base_url={url!r}, api_key_env="PEER_KEY")
nbchat.settings.model = "peer/tiny"
"""
"""The first cell of a notebook that talks to a scripted server; the key is in the kernels' environment."""

Open = Callable[[Sequence[str]], Notebook]
OpenChat = Callable[[ScriptedServer, Sequence[str]], Notebook]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"), {"PEER_KEY": KEY})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, "no Chromium: python3 -m tests installs it by apt"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
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
def open_notebook(lab: Lab, context: BrowserContext, request: pytest.FixtureRequest) -> Open:
    """Opens a new notebook with the given cells; its name is the test's."""
    count = 0

    def opened(cells: Sequence[str]) -> Notebook:
        nonlocal count
        count += 1
        path = re.sub(r"\W+", "-", request.node.name).strip("-") + (f"-{count}" if count > 1 else "") + ".ipynb"
        write_notebook(lab.folder / path, cells)
        return Notebook(lab, context, path)

    return opened


@pytest.fixture
def open_chat(open_notebook: Open, tmp_path: Path) -> OpenChat:
    """Opens a notebook whose kernel talks to that server, with a database of its own; the given cells start at index 1."""

    def opened(server: ScriptedServer, cells: Sequence[str]) -> Notebook:
        setup = SETUP.format(home=str(tmp_path / "nbchat"), url=server.base_url)
        notebook = open_notebook([setup, *cells])
        notebook.run(0)
        return notebook

    return opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report
