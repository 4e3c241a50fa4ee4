"""Renders a model's Markdown as HTML in which nothing is active: what `safe_markdown` is for Markdown.

Raw HTML is text. Only what is listed here becomes a tag, and the one attribute that comes from a model is the address of a
link, which leads to http, https or mailto or is none. Images are text that names their host. Formulas stay TeX.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

import mistune

from nbchat.export.safe_markdown import clean_text, image_host

__all__ = ["code_html", "html_markdown"]

_ALLOWED = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\x00-\x20]+", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")
_HEADINGS_BELOW = 2  # a message's heading is an h2: those in its text come below
# What is searched for is bounded, so that a hostile answer costs linear time.
_BRACKETED = r"\\\((?P<round>[^\n]{1,400}?)\\\)"
_DISPLAYED = r"\\\[(?P<square>[\s\S]{1,1000}?)\\\]"


class _Safe(mistune.HTMLRenderer):
    """Makes tags without attributes, but for links that lead where they may, and numbers of lists."""

    def __init__(self) -> None:
        super().__init__(escape=True)

    def text(self, text: str) -> str:
        return html.escape(text)

    def codespan(self, text: str) -> str:
        return f"<code>{html.escape(html.unescape(text))}</code>"

    def inline_html(self, html: str) -> str:
        return self.text(html)

    def block_html(self, html: str) -> str:
        return f"<p>{self.text(html)}</p>\n"

    def block_error(self, text: str) -> str:
        return f"<p>{self.text(text)}</p>\n"

    def heading(self, text: str, level: int, **_: Any) -> str:
        level = min(level + _HEADINGS_BELOW, 6)
        return f"<h{level}>{text}</h{level}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        address = html.unescape(url)
        if not _ALLOWED.fullmatch(address):
            return text
        return f'<a href="{html.escape(address)}" rel="noopener noreferrer nofollow">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f"(image: {text or 'image'}, {html.escape(image_host(url))})"

    def block_code(self, code: str, info: str | None = None) -> str:
        return code_html(code.rstrip("\n"), info or "")

    def list(self, text: str, ordered: bool, **attributes: Any) -> str:
        start = attributes.get("start")
        if not ordered:
            return f"<ul>\n{text}</ul>\n"
        return f'<ol start="{start}">\n{text}</ol>\n' if isinstance(start, int) else f"<ol>\n{text}</ol>\n"

    def table(self, text: str) -> str:
        return f'<div class="scroll"><table>\n{text}</table></div>\n'

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        tag = "th" if head else "td"
        kind = f' class="{align}"' if align in ("center", "right") else ""
        return f"<{tag}{kind}>{text}</{tag}>\n"

    def inline_math(self, text: str) -> str:
        return f'<span class="math">${self.text(text)}$</span>'

    def block_math(self, text: str) -> str:
        return f'<span class="math display">$${self.text(text)}$$</span>\n'


def html_markdown(text: str) -> str:
    """Return a text as HTML; what defeats the parser is shown as it was written."""
    text, render = clean_text(text), _renderer()
    try:
        made = render(text)
    except Exception:  # a defect or a limit of the parser costs the text its form, not the person the export
        made = ""
    return made if isinstance(made, str) and (made or not text.strip()) else f'<p class="plain">{html.escape(text)}</p>\n'


def code_html(code: str, info: str = "") -> str:
    """Return a block of code with the name of its language above it."""
    language = _LANGUAGE.match(info.strip())
    label = f"<figcaption>{html.escape(language[0])}</figcaption>" if language else ""
    return f'<figure class="code">{label}<pre><code>{html.escape(clean_text(code))}</code></pre></figure>\n'


@cache
def _renderer() -> mistune.Markdown:
    markdown = mistune.create_markdown(renderer=_Safe(), plugins=["table", "strikethrough", "math", "url"])
    markdown.block.rules.remove("raw_html")  # as text it is not the end of Markdown for the rest of its paragraph
    markdown.inline.register("bracketed_math", _BRACKETED, _bracketed("round", "inline_math"), before="escape")
    markdown.inline.register("displayed_math", _DISPLAYED, _bracketed("square", "block_math"), before="escape")
    return markdown


def _bracketed(group: str, kind: str) -> Any:
    def parse(_: Any, match: re.Match[str], state: Any) -> int:
        state.append_token({"type": kind, "raw": match[group]})
        return match.end()

    return parse
