"""A view full of hostile text, in a real browser: nothing runs, nothing is asked for, and no element, attribute or link is left
that could. Without a kernel: the page is told what a kernel would tell, character by character.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

VECTORS = Path(__file__).parents[1] / "vectors" / "hostile"
PAYLOADS = {file.stem: tuple(json.loads(file.read_text(encoding="utf-8"))["payloads"]) for file in VECTORS.glob("*.json")}
PAGE = b"<!doctype html><meta charset=utf-8><body><script src=hostile.js></script>"
LONG = 240
"""Longer texts come in forty pieces; shorter ones character by character."""

IN_MARKDOWN = (
    "[x]({})", "![x]({})", "[x](<{}>)", "[{}](https://ok.test)", '[x](https://ok.test "{}")', "[x]\n\n[x]: {}", "<{}>", "`{}`",
    "${}$", "$$\n{}\n$$", "```{}\nx\n```", "```html\n{}\n```", "> {}", "- [ ] {}", "| {} | b |\n|--|--|\n| a | {} |", "# {}",
    "**{}**", "[^1]\n\n[^1]: {}", "\\({}\\)", "    {}",
)  # fmt: skip
"""Where a text can stand in Markdown."""


class Watched:
    """A page, and all that it asked for beside its own files."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.others: list[str] = []
        page.route("**/*", self._answer)
        page.on("dialog", lambda dialog: self.others.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: self.others.append(f"popup {popup.url}"))
        page.on("download", lambda download: self.others.append(f"download {download.url}"))
        page.on("frameattached", lambda frame: self.others.append(f"frame {frame.url}"))
        page.on("websocket", lambda socket: self.others.append(f"socket {socket.url}"))
        page.on("worker", lambda worker: self.others.append(f"worker {worker.url}"))

    def _answer(self, route: Route) -> None:
        name = route.request.url.removeprefix("http://view.test/")
        static = files("nbchat") / "static" / name
        if name == "":
            route.fulfill(body=PAGE, content_type="text/html")
        elif name == "hostile.js":
            route.fulfill(body=Path(__file__).with_name(name).read_bytes(), content_type="text/javascript")
        elif name in ("widget.js", "app.js", "extras.js", "math.js") and static.is_file():
            route.fulfill(body=static.read_bytes(), content_type="text/javascript")
        else:
            self.asked.append(route.request.url)
            route.abort()

    def open(self, *, app: bool = True) -> None:
        self.page.goto("http://view.test/")
        self.page.evaluate("(app) => hostile.begin(app)", app)

    def run(self, call: str, *given: object) -> list[object]:
        """Call the page's function, and return all that was wrong."""
        found: list[object] = self.page.evaluate(f"(given) => hostile.{call}(...given)", list(given))
        for _ in range(3):
            self.page.evaluate("() => hostile.frame()")
        assert self.page.url == "http://view.test/"
        return [*found, *self.page.evaluate("() => hostile.spoken"), *self.asked, *self.others]


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 700, "height": 600})
    page.set_default_timeout(90_000)
    yield Watched(page)
    page.close()


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_streamed(watched: Watched, name: str) -> None:
    """Every prefix of every text is harmless."""
    watched.open()
    assert watched.run("stream", PAYLOADS[name], LONG) == []


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_in_every_place(watched: Watched, name: str) -> None:
    """In names, arguments, results, errors, titles, models, offers, ... a text is text."""
    watched.open()
    assert watched.run("fill", PAYLOADS[name]) == []


def test_in_every_place_of_markdown(watched: Watched) -> None:
    """Short texts as address, label, title, language, formula, cell, ... of an answer."""
    watched.open()
    texts = [text for name in ("answers", "pages") for text in PAYLOADS[name] if len(text) < 90 and "\n" not in text]
    mixed = ["\n\n".join(form.replace("{}", text) for form in IN_MARKDOWN) for text in texts]
    assert watched.run("stream", mixed, 0) == []


def test_before_the_app_is_there(watched: Watched) -> None:
    """The bootstrap shows plain text."""
    watched.open(app=False)
    assert watched.run("fill", [text for texts in PAYLOADS.values() for text in texts]) == []


def test_the_judge_sees(watched: Watched) -> None:
    """Each kind of attack is a fault where it is real."""
    watched.open()
    away = "rel='noopener noreferrer' target=_blank"
    attacks: Sequence[str] = (
        "<script>1</script>", "<p onclick=x>", f"<a href=javascript:x {away}>", f"<a href=data:text/html,x {away}>", "<svg><a>",
        "<link>", "<a href=https://ok.test>", "<img src=https://evil.test>", "<img srcset=x>", "<iframe>", "<object>", "<p is=x>",
        "<p style='background:url(x)'>", "<svg><use href=x>", "<form action=x>", "<math href=x>", "<math><maction>",
        "<input src=x>", "<button formaction=x>", "<img src='data:image/svg+xml;base64,AAAA'>",
    )  # fmt: skip
    whole = watched.page.evaluate("() => hostile.judge('<p>').length")  # html, head and body
    assert [attack for attack in attacks if watched.page.evaluate("(html) => hostile.judge(html).length", attack) <= whole] == []
