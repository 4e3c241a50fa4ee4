"""An exported page: it reads well, and whatever a model wrote, nothing in it is active and nothing is fetched."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.conversations import Conversation
from nbchat.export.html_file import to_html
from nbchat.export.html_markdown import html_markdown
from tests.export.hostile import FRAGMENTS, HOSTILE, SLOW, active_in, page_of
from tests.export.trees import ALL, CONVERSATION, PATH


@pytest.mark.parametrize(
    "hostile", [*HOSTILE, '" onload="x', "</style><script>x</script>", "</title><script>x</script>", "]]>", "<?php"]
)
def test_nothing_active(hostile: str) -> None:
    """None of the known tricks leaves anything, in any place."""
    page = page_of(hostile)
    assert active_in(page) == []
    assert (page.count("<style"), page.count("<meta"), page.count("<title")) == (1, 4, 1)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=14).map("".join) | st.text(max_size=40))
def test_nothing_active_in_any_mixture(text: str) -> None:
    """No mixture of fragments, and no text at all, leaves anything either."""
    page = page_of(text)
    assert active_in(page) == []
    assert page.encode()


def test_the_judge_sees() -> None:
    """The parser that judges finds what is active in a page."""
    for attack in (
        "<script>",
        "<img src='https://x.test'>",
        "<p onclick=x>",
        "<a href='javascript:x'>",
        "<!-- x -->",
        "<iframe>",
    ):
        assert active_in(attack)


def test_the_policy() -> None:
    """The page forbids scripts and requests, and lets its own style in by its digest alone."""
    page = to_html(CONVERSATION, PATH)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize(
    ("markdown", "made"),
    [
        ("a *b* **c** ~~d~~ `e<f`", "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e&lt;f</code></p>"),
        ("# A\n#### B", "<h3>A</h3>\n<h6>B</h6>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("```py\na < b\n```", '<figure class="code"><figcaption>py</figcaption><pre><code>a &lt; b</code></pre></figure>'),
        ('```"><script>\na\n```', '<figure class="code"><pre><code>a</code></pre></figure>'),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("<div>\n*x*\n</div>", "<p>&lt;div&gt;\n<em>x</em>\n&lt;/div&gt;</p>"),
        ("a <b>x</b> & c", "<p>a &lt;b&gt;x&lt;/b&gt; &amp; c</p>"),
        ("[x](https://x.test/?a=1&b=2)", '<p><a href="https://x.test/?a=1&amp;b=2" rel="noopener noreferrer nofollow">x</a></p>'),
        ("[x](javascript:alert(1))", "<p>x</p>"),
        ("[x](/etc/passwd) [y](file:///a) [z](#a)", "<p>x y z</p>"),
        ("![a cat](https://pics.test/cat.png)", "<p>(image: a cat, pics.test)</p>"),
        ("$a_1 * b * c < d_2$ costs $5", '<p><span class="math">$a_1 * b * c &lt; d_2$</span> costs $5</p>'),
        (r"\(a_1 * b * c\)", '<p><span class="math">$a_1 * b * c$</span></p>'),
        ("$$\na_1\n$$", '<span class="math display">$$a_1$$</span>'),
        ("\\[\na_1\n\\]", '<p><span class="math display">$$\na_1\n$$</span>\n</p>'),
        ("half \ud83d", "<p>half \ufffd</p>"),
        ("", ""),
    ],
)
def test_markdown(markdown: str, made: str) -> None:
    """Ordinary Markdown has its form; formulas stay as they were written."""
    assert html_markdown(markdown).strip() == made


def test_a_table() -> None:
    """Columns keep their alignment without a style of their own, which the policy would forbid."""
    made = html_markdown("| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert '<td class="right">2</td>' in made
    assert "style" not in made


def test_what_defeats_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that breaks the parser of Markdown is shown as it was written."""

    def broken(text: str) -> str:
        raise RecursionError(text)

    monkeypatch.setattr("nbchat.export.html_markdown._renderer", lambda: broken)
    assert html_markdown("a <b>") == '<p class="plain">a &lt;b&gt;</p>\n'


@pytest.mark.parametrize(
    "hostile", [*SLOW, "> " * 50_000, "- " * 50_000, "**a " * 25_000, "$a" * 50_000, "\\[" * 50_000, "|a" * 50_000]
)
def test_linear_time(hostile: str) -> None:
    """A hundred kilobytes made to be slow take no longer than a moment."""
    began = time.process_time()
    html_markdown(hostile)
    assert time.process_time() - began < 4.0


def test_a_page() -> None:
    """Title, branches, system prompt, every part in its order, what it cost, how it ended, and what the model does not see."""
    page = to_html(CONVERSATION, PATH, ALL)
    order = [
        "<title>On &lt;b&gt;monads&lt;/b&gt;</title>",
        "1 message on other branches",
        "<summary>System prompt</summary>",
        "what is a <em>monad</em>?",
        "version 2 of 2",
        "<summary>Reasoning (2 s)</summary>",
        "<p>I <em>add</em>.</p>",
        "<summary>Calls add_up</summary>",
        "<summary>Result of add_up</summary>",
        "<summary>Failure in fail</summary>",
        "&lt;b&gt;bad&lt;/b&gt;",
        "print(1 &lt; 2)",
        "(image: a picture, pics.test)",
        '<img src="data:image/png;base64,iVBORw0KGgo=" alt="a dot">',
        "lab/tiny_model · 1,234 in, 56 out · ~$0.0012 · 2.0 s",
        "hidden from the model",
        '<p class="error">The kernel ended. Resume.</p>',
        "interrupted",
    ]
    places = [page.index(each) for each in order]
    assert places == sorted(places)
    assert "SECRETLY" not in page


def test_an_empty_conversation() -> None:
    """A conversation without messages is its name."""
    assert '<h1 dir="auto">n</h1>' in to_html(Conversation("c", "n"), ())
