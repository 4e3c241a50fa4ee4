"""Exported pages of all lists of attacks, each text in every place: by a parser, and in a browser that lets everything run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.e2e.chromium import launch
from tests.export.hostile import CORPORA, active_in, page_of

LISTEN = "for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = () => void (window.ran = true)"
LOOK = """() => Array.from(frames, (frame) => {
  for (const fold of frame.document.querySelectorAll("details")) fold.open = true
  return frame.ran || frame.document.scripts.length > 0 || frame.document.body.childElementCount === 0
})"""
AT_ONCE = 25
"""So many pages are opened in one window, each in a frame."""


@pytest.mark.parametrize("name", CORPORA)
def test_nothing_active(name: str) -> None:
    """Nothing that could act, lead or fetch is left of any of them."""
    assert [(text, found) for text in CORPORA[name] if (found := active_in(page_of(text)))] == []


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser.new_page()


def open_all(page: Page, pages: Sequence[str]) -> tuple[list[int], list[str]]:
    """Open all pages; return the numbers of those in which anything ran (or that are empty), and what they asked for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        kind, _, number = route.request.url.removeprefix("http://export.test/").partition("/")
        if kind == "page" and number.isdecimal():
            route.fulfill(body=pages[int(number)], content_type="text/html; charset=utf-8")
        elif kind == "from" and number.isdecimal():
            numbers = range(int(number), min(int(number) + AT_ONCE, len(pages)))
            route.fulfill(body="".join(f"<iframe src=/page/{each}></iframe>" for each in numbers), content_type="text/html")
        else:
            asked.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.add_init_script(LISTEN)
    ran: list[int] = []
    for first in range(0, len(pages), AT_ONCE):
        page.goto(f"http://export.test/from/{first}")
        page.wait_for_timeout(50)  # for what runs after a page has come
        ran += [first + at for at, found in enumerate(page.evaluate(LOOK)) if found]
    return ran, asked


@pytest.mark.parametrize("name", CORPORA)
def test_nothing_happens(page: Page, name: str) -> None:
    """Even without the page's policy nothing runs, and nothing is asked for."""
    pages = [page_of(text).replace("Content-Security-Policy", "none") for text in CORPORA[name]]
    assert open_all(page, pages) == ([], [])


def test_the_browser_tells(page: Page) -> None:
    """A page that does run a script or asks for something is noticed."""
    found = open_all(
        page, ["<p>x", "<img src=https://evil.test/x onerror=alert(1)>", "<p>x<svg onload=alert(1)>", "<link rel=icon>"]
    )
    assert found == ([1, 2, 3], ["https://evil.test/x"])
