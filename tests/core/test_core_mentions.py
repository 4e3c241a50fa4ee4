"""Mentions: what of a question names something in the notebook, and what is text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.mentions import mentions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("what is in @df?", ["@df"]),
        ("@df", ["@df"]),
        ("@df, @s; (@t) [@u] “@v” **@w** a,@x", ["@df", "@s", "@t", "@u", "@v", "@w", "@x"]),
        ("@b @a @b", ["@b", "@a"]),
        ("@df.columns and @df['a'] and @df's", ["@df"]),
        ("why @error in @cell, @In[3] and @Out[12]?", ["@error", "@cell", "@In[3]", "@Out[12]"]),
        ("@In[3][0], @In[-1], @In [1], @In", ["@In[3]", "@In"]),
        ("@größe @变量 @_x @x2", ["@größe", "@变量", "@_x", "@x2"]),
        ("line\n@df\n\n@s", ["@df", "@s"]),
        ("@df\r\n@s\r\n", ["@df", "@s"]),
    ],
)
def test_names_are_found_once_and_in_order(text: str, found: list[str]) -> None:
    """What follows a name is not part of it."""
    assert list(mentions(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "me@df.org",
        "größe@df",
        "1@df",
        "a_@df",
        r"\@df",
        r"\\@df",
        "@@df",
        "@ df",
        "@2",
        "@",
        "x/@df, node_modules/@df/x, .@df, -@df",
        "`@df` and ``@df ` @s``",
        "`a\n@df b`",
        "```\n@df\n```",
        "```python\n@df\n\n@s\n",
        "~~~\n@df\n```\n@s\n~~~",
        "> ```\n> @df\n> ```",
        "@df\ndef f(): ...",
        "@df\n  @cached(1)\n  async def f(): ...",
        "    @property\n    def x(self): ...",
        "@dataclass\nclass A: ...",
        f"@{'x' * 81}",
    ],
)
def test_elsewhere_it_is_text(text: str) -> None:
    """In addresses, paths and code, escaped, before what is no name, and above a definition."""
    assert mentions(text) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`x` @df `y`", "@df"),
        ("a ` b @df", "@df"),
        ("a `` b ` @df", "@df"),
        ("a ` b\n\n@df ` c", "@df"),
        (r"\` @df \`", "@df"),
        ("```\nx\n```\n@df", "@df"),
        ("````\n```\n@s\n````\n@df", "@df"),
        ("```a`b @df", "@df"),
        ("@df\nand define f", "@df"),
        ("@df\n\ndef f(): ...", "@df"),
        ("`x`@df", "@df"),
    ],
)
def test_what_ends_code_ends_it(text: str, found: str) -> None:
    """A backtick alone, or one in another paragraph, begins nothing."""
    assert mentions(text) == (found,)


@given(st.text(st.sampled_from(list("@df`~\\ \n\t>x[]0In.def classé"))))
def test_whatever_is_written_it_is_read(text: str) -> None:
    """Each name stands there with its sign, and is found again when it stands alone."""
    for name in mentions(text):
        assert name in text
        assert mentions(name) == (name,)
        assert mentions(f"\\{name} `{name}` me{name}") == ()
    assert mentions(text.replace("@", " ")) == ()


@pytest.mark.parametrize("piece", ["@a ", "`", "` ", "`@a ", "@a\n", "```\n", "a`" * 3 + "``", "@" * 3, "\n", "> "])
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    """In proportion to its length, whatever it is made of."""
    begun = time.thread_time()
    mentions(piece * (200_000 // len(piece)))
    assert time.thread_time() - begun < 2.0
