"""A page in Chromium whose main thread is measured: its processor time, task by task, whatever else the machine does."""

from __future__ import annotations

import json
import mimetypes
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Route, sync_playwright

from tests.e2e.chromium import launch

__all__ = ["Spent", "Stage", "stage"]

JS = Path(__file__).parents[2] / "js"
ADDRESS = "http://bench.test/"
"""Nobody's address: every request of the page is answered from files."""
TRACED = ["disabled-by-default-devtools.timeline", "blink.user_timing"]
PIECES = 2_000
"""So many updates are traced at once: the browser's buffer holds some ten thousand."""


@dataclass(frozen=True)
class Spent:
    """Milliseconds of the main thread's processor time: `total`, of which `layout` and `style`, and of each update.

    `heap`: by how many bytes what scripts hold has grown (rubbish included).
    """

    total: float = 0
    layout: float = 0
    style: float = 0
    heap: float = 0
    updates: tuple[float, ...] = ()

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.total + other.total,
            self.layout + other.layout,
            self.style + other.style,
            self.heap + other.heap,
            self.updates + other.updates,
        )

    @property
    def p99(self) -> float:
        """What all but one update in a hundred stay below."""
        return statistics.quantiles(self.updates, n=100)[98]

    @property
    def worst(self) -> float:
        """The slowest update."""
        return max(self.updates)


class Stage:
    """Pages of the built site, each in a process of its own."""

    def __init__(self, browser: Browser, site: Path) -> None:
        self._browser = browser
        self._site = site

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A fresh page with the benchmark's functions in it; an error in it is an error here."""
        page = self._browser.new_page(viewport={"width": 900, "height": 700})
        page.set_default_timeout(600_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route("**/*", self._answer)
        page.goto(ADDRESS)
        page.wait_for_function("() => globalThis.bench")
        yield page
        page.close()
        assert errors == []

    def stream(self, way: str, kind: str, length: int, history: int = 0, sparse: int = 1) -> Spent:
        """Show a text of this many characters that comes in pieces, and return what that cost.

        `history`: messages above the answer. `sparse`: of so many pieces one is drawn, with the others that came before it.
        """
        with self.page() as page:
            left = page.evaluate("(given) => bench.open(...given)", [way, kind, length, history, sparse])
            spent = Spent()
            while left:
                with self.measured(page) as found:
                    left = page.evaluate("(most) => bench.feed(most)", PIECES)
                spent += found[0]
            with self.measured(page) as found:
                shown = page.evaluate("() => bench.finish()")
            assert len(shown) > length / 3
            return spent + replace(found[0], updates=())

    @contextmanager
    def measured(self, page: Page) -> Iterator[list[Spent]]:
        """Measure what the page does meanwhile; the list holds it afterwards."""
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("HeapProfiler.collectGarbage")
        self._browser.start_tracing(page=page, categories=TRACED)
        before = _metrics(session)
        found: list[Spent] = []
        yield found
        after = _metrics(session)
        trace = json.loads(self._browser.stop_tracing())
        session.detach()
        spent = {name: (after[name] - before[name]) * 1000 for name in before}
        found.append(
            Spent(
                spent["TaskDuration"],
                spent["LayoutDuration"],
                spent["RecalcStyleDuration"],
                spent["JSHeapUsedSize"] / 1000,
                _updates(trace["traceEvents"]),
            )
        )

    def _answer(self, route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS).partition("?")[0] or "index.html"
        file = self._site / name
        if not file.is_file():
            route.fulfill(status=404)
            return
        route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(name)[0] or "text/plain")


def _metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def _updates(events: list[dict[str, Any]]) -> tuple[float, ...]:
    """The main thread's milliseconds from each mark to the next; a task belongs to the mark that lies in it or before it."""
    marks = sorted((event for event in events if event["name"] == "update"), key=lambda event: event["ts"])
    if not marks:
        return ()
    thread = (marks[0]["pid"], marks[0]["tid"])
    tasks = [event for event in events if event["name"] == "RunTask" and (event["pid"], event["tid"]) == thread]
    spent = [0.0] * len(marks)
    at = -1
    for task in sorted(tasks, key=lambda event: event["ts"]):
        while at + 1 < len(marks) and marks[at + 1]["ts"] <= task["ts"] + task.get("dur", 0):
            at += 1
        if at >= 0:
            spent[at] += task.get("tdur", 0) / 1000
    return tuple(spent)


@contextmanager
def stage(peers: Path | None = None) -> Iterator[Stage]:
    """Build the page, with other ways of showing Markdown where `peers` says so, and start a browser for it."""
    with tempfile.TemporaryDirectory() as directory:
        if peers is not None and not (peers / "node_modules").exists():
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=peers, check=True, stdout=subprocess.DEVNULL)
        build = ["node", str(JS / "tests" / "bench" / "build.mjs"), directory, *([str(peers)] if peers else [])]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        with sync_playwright() as playwright, launch(playwright, "--disable-frame-rate-limit", "--disable-gpu-vsync") as browser:
            yield Stage(browser, Path(directory))
