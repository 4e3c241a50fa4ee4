"""Texts that attack whoever renders them, and a parser that sees what is active in what came of them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import strategies as st

from nbchat.core.conversations import Conversation
from nbchat.core.errors import ErrorInfo
from nbchat.core.messages import FilePart, ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.export.html_file import to_html

__all__ = ["CORPORA", "FRAGMENTS", "HOSTILE", "SLOW", "Active", "active_in", "page_of"]

HARMLESS = frozenset({
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip


PAGE = frozenset({
    "article", "body", "details", "div", "figcaption", "figure", "footer", "head", "html", "img", "main", "meta", "small",
    "span", "style", "summary", "title",
})  # fmt: skip
"""What an exported page consists of, beside what is harmless in it."""


class Active(HTMLParser):
    """Collects every tag and attribute that could do something; `also` are tags that are expected."""

    def __init__(self, also: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.found: list[str] = []
        self._tags = HARMLESS | also

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._tags:
            self.found.append(tag)
        for name, value in attrs:
            if name == "href" and (value or "").lower().startswith(("http://", "https://", "mailto:")):
                continue
            if name == "src" and (value or "").startswith("data:image/png;base64,"):
                continue
            if name not in ("alt", "class", "dir", "rel", "start", "style", "title") and tag != "meta":
                self.found.append(f"{tag} {name}={value}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        if "article" not in self._tags or decl != "DOCTYPE html":
            self.found.append(decl)

    def handle_pi(self, data: str) -> None:
        self.found.append(data)


def active_in(page: str) -> list[str]:
    """What in a page could do something."""
    parser = Active(PAGE)
    parser.feed(page)
    parser.close()
    return parser.found


def page_of(text: str) -> str:
    """A page with the text in every place that a model or a file can fill."""
    parts = (
        TextPart(text),
        ReasoningPart(text),
        ToolCallPart("a", text, text),
        ToolCallPart("b", text, text),
        ToolResultPart("a", text),
        ToolResultPart("b", text, error=True),
        ImagePart(text, text),
        ImagePart("data:image/png;base64," + text, text),
        ImagePart("data:image/svg+xml;base64,AAAA", text),
        FilePart(text, text),
    )
    answer = Message("a", "assistant", parts, "q", "error", model=text, error=ErrorInfo("server", text, text))
    conversation = Conversation("c", text, text, system=text, head="a")
    return to_html(conversation, (Message("q", "user", parts), answer))


CORPORA: dict[str, list[str]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))["payloads"]
    for file in sorted((Path(__file__).parents[1] / "vectors" / "hostile").glob("*.json"))
}
"""The same attacks as those that the chat window is shown (tests/e2e/test_hostile_answers.py), by the name of their list."""


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "text <script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](\njavascript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:x) [y](data:text/html;base64,PHNjcmlwdD4=) [z](//evil.test) [w](files/secret) [v](#nbchat-transcript)",
    "<javascript:alert(1)>",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "![pixel](https://evil.test/p.png?q=1)",
    "![pixel][r]\n\n[r]: https://evil.test/p.png",
    "[![pixel](https://evil.test/p.png)](https://ok.test)",
    # code in the eyes of one renderer, HTML in those of another
    "1. a\n   ```\n<img src=x onerror=alert(1)>\n   ```",
    "```\n```~\n<img src=x onerror=alert(1)>\n```",
    '[f]: /u "\n```\nx"\n<img src=x onerror=alert(1)>\n```',
    '[a](x "`" ) <img src=x onerror=alert(1)> "`")',
    "| a |\n|---|\n| ` | <img src=x onerror=alert(1)> ` |",
    "\\`<img src=x onerror=alert(1)>`",
    "`a\n- <img src=x onerror=alert(1)>`",
    "> ```\n<img src=x onerror=alert(1)>\n```",
    "]([x](javascript:alert(1))",
    "<!-- ` --> <img src=x onerror=alert(1)> <!-- ` -->",
    "`[x](javascript:alert(1))` and ``` ``[x](javascript:alert(1))",
    "~~~\n<b>",
    "\\<b onclick=x>",
]
FRAGMENTS = st.sampled_from([
    "<img src=x onerror=a()>", "<script>x</script>", "`", "``", "```", "````", "~~~", "\n", "\n\n", "\n```\n", "\n   ```\n",
    "    ", "- ", "1. ", "> ", "| a | b |\n|---|---|\n", "|", "[x]", "(javascript:a())", "![i](http://e/x.png)", "[r]: x ", '"',
    "\n[r]: javascript:a()\n", "\\", "<javascript:a()>", "](", "[", "<!--", "-->", "$", "$$", "&lt;", "<", ">", '<a href="',
    "***", "# ", "---", ":", "!", "![", "(data:text/html,x)", "<div\n", "\r", "\x00", "[x](  \n<javascript:a()>)", "a ", ")",
])  # fmt: skip
SLOW = ["![a](" + " " * 99_000, "![a](" * 20_000, "` `` " * 20_000, "\\(" * 50_000, "](" * 50_000, "<" * 100_000]
