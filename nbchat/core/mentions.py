r"""Mentions: which names of a question stand for something in the notebook: `@df`, `@In[3]`, `@Out[5]`, `@error`, `@cell`.

Owns the grammar. The question itself is never changed by it. Must not know what a name stands for; one that stands for nothing is
text like any other.

An `@` is text, too: after a word character or one of `@ \ . / -` (mail addresses, `\@` on purpose, paths), in code (fences of
three backticks or tildes, spans between backticks), before a name of more than 80 characters, and where it decorates: in lines
right above a `def` or `class`. What follows a name is not part of it: `@df.columns` mentions `@df`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

__all__ = ["mentions"]

_MENTION = re.compile(r"(?<![\w@\\./-])@((?:In|Out)\[\d{1,9}\]|[^\W\d]\w{0,79}(?!\w))")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})(.*)", re.DOTALL)
_DECORATOR = re.compile(r"[ \t]*@[^\W\d]")
_DECORATED = re.compile(r"[ \t]*(?:async[ \t]+def|def|class)\b")
_TICKS = re.compile(r"`+")


def mentions(text: str) -> tuple[str, ...]:
    """Return the names that a question mentions, each once, in the order in which they come, with their `@`: ("@df", "@In[3]").
    Takes time in proportion to the text."""
    found: dict[str, None] = {}
    for paragraph in _paragraphs(text):
        for match in _MENTION.finditer(_without_spans(paragraph)):
            found.setdefault(f"@{match[1]}")
    return tuple(found)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the text between empty lines, fences and decorators, which are left out."""
    lines = text.splitlines(keepends=True)
    decorates = _decorating(lines)
    fence, paragraph = "", []
    for line, decorator in zip(lines, decorates, strict=True):
        mark = _FENCE.fullmatch(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            continue
        if mark is not None and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
        elif line.strip() and not decorator:
            paragraph.append(line)
            continue
        yield "".join(paragraph)
        paragraph = []
    yield "".join(paragraph)


def _decorating(lines: list[str]) -> list[bool]:
    """Which lines are decorators: a definition follows, with nothing but other decorators between."""
    found, above = [], False
    for line in reversed(lines):
        above = _DECORATED.match(line) is not None or (above and _DECORATOR.match(line) is not None)
        found.append(above and _DECORATOR.match(line) is not None)
    return found[::-1]


def _without_spans(paragraph: str) -> str:
    """The paragraph with one backtick for each span of code: it ends with as many backticks as it begins with."""
    runs = [match.span() for match in _TICKS.finditer(paragraph)]
    by_length: dict[int, list[int]] = {}
    for start, end in runs:
        by_length.setdefault(end - start, []).append(start)
    kept, at = [], 0
    for start, end in runs:
        if start < at:
            continue  # in a span
        begin = start + (start > 0 and paragraph[start - 1] == "\\")
        same = by_length.get(end - begin, [])
        after = bisect_right(same, start)
        if after < len(same):
            kept.append(f"{paragraph[at:begin]}`")
            at = same[after] + end - begin
    return "".join([*kept, paragraph[at:]])
