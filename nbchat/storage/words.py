"""Words: what a search compares. Cuts text into folded words, reads what people type, and makes the line that is shown. Pure.

Text is folded (case, accents, width) and cut here and not by SQLite's tokenizers, so that the index and the scan that
stands in for it find the same, and the same in all versions. Scripts that put no spaces between words (Chinese, Japanese,
Thai and their neighbours, and Korean, which glues endings to words) are cut into single characters, and a word of them is
looked for as a phrase: any part of a sentence is found, one character too.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

__all__ = ["SNIPPET_LENGTH", "Phrase", "index_text", "matches", "phrases", "snippets"]

SNIPPET_LENGTH = 160
_BEFORE_HIT = 50
"""Characters of a snippet that stand before the hit."""
_LONGEST_LOOK = 200_000
"""A snippet is looked for in this many characters of a message; a hit behind them is shown by the message's beginning."""
_APART = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han and its extensions
    "\uac00-\ud7a3"  # Hangul
)
_WORD = rf"[{_APART}]|(?:[^\W_{_APART}]|[\u0300-\u036f])+"
_ASCII_WORD = "[A-Za-z0-9]+"
_TYPED = r'"([^"]*)"?|([^\s"]+)'
"""Compiled by `re` itself when first needed, which keeps them out of a kernel's start."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand one after the other; with `prefix`, the last of them may be the beginning of one."""

    words: tuple[str, ...]
    prefix: bool = False


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if sign.isalnum()))


def _words(text: str) -> Iterator[str]:
    if text.isascii():
        return iter(re.findall(_ASCII_WORD, text.lower()))
    return (folded for word in re.findall(_WORD, text) if (folded := _fold(word)))


def index_text(text: str) -> str:
    """Return `text` as it is given to the index, whose tokenizer ("ascii") lowers ASCII letters and takes everything but
    ASCII letters, digits and what is not ASCII as a space."""
    return text if text.isascii() else " ".join(_words(text))


def phrases(typed: str) -> tuple[Phrase, ...]:
    """Return what somebody looks for: each word, or each text in double quotes; empty when there is no word in it.

    Nothing else has a meaning: what is written as one (`don't`, `foo_bar`, `a-b`) is a phrase of its parts.
    """
    found = []
    for quoted, bare in re.findall(_TYPED, typed):
        if words := tuple(_words(quoted or bare)):
            found.append(Phrase(words, prefix=bool(bare)))
    return tuple(Phrase(each.words, each.prefix and each is found[-1]) for each in found)


def matches(text: str, wanted: tuple[Phrase, ...]) -> bool:
    """Whether all phrases are in `text`: what the index answers, without an index."""
    line = f" {' '.join(_words(text))} "
    return all(f" {' '.join(each.words)}{'' if each.prefix else ' '}" in line for each in wanted)


def snippets(wanted: tuple[Phrase, ...]) -> Callable[[str], str]:
    """Return what makes snippets of a search: from a text, what stands around the first place where one of the phrases
    begins; one line, at most `SNIPPET_LENGTH` characters."""
    patterns = [_pattern(phrase) for phrase in wanted]

    def snippet(text: str) -> str:
        looked = text if len(text) <= _LONGEST_LOOK else text[:_LONGEST_LOOK]
        return _around(text, _first_in_ascii(looked.lower(), patterns) if looked.isascii() else _first(looked, wanted))

    return snippet


def _around(text: str, place: int) -> str:
    start = max(0, place - _BEFORE_HIT)
    if start:  # from the beginning of a word, if one begins there at all
        space = text.find(" ", start, place)
        start = start if space < 0 else space + 1
    end = start + 2 * SNIPPET_LENGTH
    line = " ".join(text[start:end].split())
    ahead = "…" if start else ""
    if len(ahead) + len(line) <= SNIPPET_LENGTH and end >= len(text):
        return ahead + line
    return f"{ahead}{line[: SNIPPET_LENGTH - len(ahead) - 1].rstrip()}…"


def _pattern(phrase: Phrase) -> re.Pattern[str]:
    """Return what finds a phrase in ASCII text, lowered."""
    # It begins with a plain word, which a regular expression looks for ten times faster than for a look behind it.
    first, *others = phrase.words
    rest = "".join(f"[^a-z0-9]+{word}" for word in others)
    return re.compile(f"{first}(?<![a-z0-9]{first}){rest}{'' if phrase.prefix else '(?![a-z0-9])'}")


def _first_in_ascii(text: str, patterns: Iterable[re.Pattern[str]]) -> int:
    best = len(text)
    for pattern in patterns:
        if found := pattern.search(text, 0, best):
            best = found.start()
    return 0 if best == len(text) else best


def _first(text: str, wanted: tuple[Phrase, ...]) -> int:
    """Return the first place in `text` where a phrase stands, 0 when there is none."""
    longest = max(len(each.words) for each in wanted)
    ahead: deque[tuple[str, int]] = deque()
    words = ((folded, match.start()) for match in re.finditer(_WORD, text) if (folded := _fold(match.group())))
    for word in chain(words, [("", 0)] * (longest - 1)):
        ahead.append(word)
        if len(ahead) == longest:
            if any(_begins(ahead, each) for each in wanted):
                return ahead[0][1]
            ahead.popleft()
    return 0


def _begins(ahead: Iterable[tuple[str, int]], phrase: Phrase) -> bool:
    words = [word for word, _ in islice(ahead, len(phrase.words))]
    *whole, last = phrase.words
    return words[:-1] == whole and (words[-1].startswith(last) if phrase.prefix else words[-1] == last)
