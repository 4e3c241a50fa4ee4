"""The exported page in a real browser: nothing runs, nothing is fetched, and it fits a narrow window."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Dialog, sync_playwright

from nbchat.core.conversations import Conversation
from nbchat.core.messages import Message, TextPart
from nbchat.export.html_file import to_html
from tests.e2e.chromium import launch
from tests.export.hostile import HOSTILE
from tests.export.trees import ALL, CONVERSATION, PATH

REAL = '<script>alert(1)</script><img src="https://evil.test/p.png" onerror="alert(2)"><style>body{color:red}</style>'
"""What an oversight would look like."""


def test_a_page_of_attacks(tmp_path: Path) -> None:
    """All attacks at once do nothing; and where one were overlooked, the page's policy would stop it."""
    hostile = to_html(Conversation("c", "n"), [Message("a", "assistant", tuple(TextPart(text) for text in HOSTILE))])
    pages = {
        "clean": to_html(CONVERSATION, PATH, ALL),
        "hostile": hostile,
        "overlooked": hostile.replace("<main>", "<main>" + REAL),
    }
    asked, forbidden, spoken = [], [], []

    def dismiss(dialog: Dialog) -> None:
        spoken.append(dialog.message)
        dialog.dismiss()

    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(viewport={"width": 360, "height": 700})
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: forbidden.append((request.url, request.failure)))
        page.on("dialog", dismiss)
        for name, html in pages.items():
            file = tmp_path / f"{name}.html"
            file.write_text(html, encoding="utf-8")
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            assert page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
            assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none", (
                "its style is not in force"
            )
            assert spoken == []
            assert name == "overlooked" or forbidden == []
    assert forbidden == [("https://evil.test/p.png", "csp")]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == ["https://evil.test/p.png"]
