"""A model's Markdown in a notebook: it reads the same, and no renderer finds anything active in it."""

from __future__ import annotations

import time

import mistune
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.export.safe_markdown import escape_text, fenced, safe_markdown
from tests.export.hostile import FRAGMENTS, HOSTILE, SLOW, Active

RENDER = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])


def active_in(markdown: str) -> list[str]:
    """What a renderer without a sanitiser would make of it."""
    html = RENDER(markdown)
    assert isinstance(html, str)
    parser = Active()
    parser.feed(html)
    parser.close()
    return parser.found


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_active(hostile: str) -> None:
    """None of the known tricks leaves a tag, a script link or an image."""
    assert active_in(safe_markdown(hostile)) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_nothing_active_in_any_mixture(markdown: str) -> None:
    """No mixture of fragments leaves anything active either."""
    assert active_in(safe_markdown(markdown)) == []


def test_the_oracle_sees() -> None:
    """The renderer that judges finds the attacks when nothing was done about them."""
    assert active_in("<img src=x onerror=alert(1)>")
    assert active_in("[x](data:text/plain,x)")
    assert active_in("![p](https://evil.test/p.png)")


@pytest.mark.parametrize(
    "harmless",
    [
        "# Title\n\nSome *text*, **bold**, `code`, a [link](https://x.test/a_(b)) and https://x.test.",
        "- a\n- b\n  - c\n\n1. one\n2. two",
        "| a | b |\n|---|---|\n| 1 | `x` |",
        "```python\nif a < b and c > d:\n    print('<b>', a[0](1))\n```",
        "inline `foo(x)[0]` and ``a ` b``",
        "$$E = mc^2$$ and $x_1$",
        "> quoted",
        "a & b, 5 > 3, c:\\dir",
    ],
)
def test_what_is_harmless_stays(harmless: str) -> None:
    """Ordinary Markdown comes out byte for byte."""
    assert safe_markdown(harmless) == harmless


def test_how_it_reads() -> None:
    """What had to be changed still reads the same."""
    assert safe_markdown("a < b") == "a &lt; b"
    assert safe_markdown("see <https://x.test/a>") == "see https://x.test/a"
    assert safe_markdown("![a cat](https://pics.test/cat.png)") == "(image: a cat, pics.test)"
    assert safe_markdown("![](data:image/png;base64,AA)") == "(image: image, embedded)"
    assert safe_markdown("$a < b$ costs $5") == r"$a \lt  b$ costs $5"
    assert safe_markdown("`<b>`") == "<code>&#60;b&#62;</code>"
    assert safe_markdown("1. run\n   ```sh\n   ls\n   ```\n2. done") == "1. run\n```sh\nls\n```\n2. done"
    assert safe_markdown("```html\n<b>") == "```html\n<b>\n```"
    assert safe_markdown("~~~\n```\n~~~") == "````\n```\n````"
    assert safe_markdown("half \ud83d\r\nend") == "half \ufffd\nend"


@given(st.text(max_size=60))
def test_fences_hold(code: str) -> None:
    """Nothing within a fenced block can end it, whatever it is."""
    block = fenced(code, "x")
    fence = block.split("x", 1)[0]
    assert fence not in code
    assert block.endswith(fence)


@given(st.text(max_size=60))
def test_escaped_text_is_text(text: str) -> None:
    """Escaped text is one line without a sign that Markdown or HTML acts on."""
    escaped = escape_text(text)
    assert "\n" not in escaped
    assert not set(escaped) & set("\\`*_{}[]()<>!|~$")


@pytest.mark.parametrize("hostile", SLOW)
def test_linear_time(hostile: str) -> None:
    """A hundred kilobytes made to be slow take no longer than a moment."""
    began = time.process_time()
    safe_markdown(hostile)
    assert time.process_time() - began < 2.0
