"""Seam: joins what a model goes on with to its partial answer, so that nothing shows where it was cut, and nothing twice.

Owns the rules of joining and the sentence that asks for a continuation; must not know who streams or stores.

The joined text is always the partial and an end of the continuation: the only question is how much of its beginning to drop.
Repetition is what models do wrong, and what tables, code and songs do rightly; so the text is dropped only where keeping it
makes no sense, or where it is too much of the same to be meant (`_convincing`). In doubt it stays: a word too many is seen
and understood, a line too few is not even missed. Blanks are never put in: the cut may be inside a word, and "the" and "cat"
may be two words or the beginning of "thecate"; a model that goes on with a new word begins with its blank, because that is
what its tokens are made of.
"""

from __future__ import annotations

import re

__all__ = ["CONTINUE_PROMPT", "HOLD", "Seam"]

CONTINUE_PROMPT = (
    "Your last answer was cut off. Go on exactly where it ended, and begin with the very next character: if it ended inside "
    "a word, with the rest of that word; if it ended inside a code block, with the next characters of the code, without "
    "opening the block again. Do not repeat anything that you have already written, do not apologise, do not announce that "
    "you go on, and do not sum up what was said."
)

HOLD = 400
"""At most so many characters are held back, but for a repetition of the whole partial, which the reader has before them."""
_SPACE = 30  # of a run of whitespace, at most so much is looked at
_FENCE_LINE = 50  # a fence with a longer line is not looked for
_WEIGHT = 12  # what a repetition between natural borders must weigh; a Chinese or Japanese sign weighs two
_WORDS_SHARE = 0.75  # of its signs, so many are letters: prose has nine in ten, and code and data repeat within a line
_LINES_SHARE = 0.4  # whole lines of code have more, rows of numbers less
_LETTERS = 3  # a restarted word shows at least so many letters: "re" + "read" is as likely to be meant as not

_INDENT = 4  # so many blanks within a line, the same as at its beginning, are that beginning: one letter after them will do

_OPENING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^`\n]*)")
_UNITS = re.compile(r"\||[-*+] |\d+[.)] ")
_SPACELESS = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # scripts that put no blank between words


class Seam:
    """Joins a continuation to `partial` while it streams; `prefilled` says that the provider was sent the partial without its
    trailing whitespace as the beginning of the answer, and goes on with it character by character. (Then only whitespace
    that came again and a whole echo are dropped.)

    What `feed` and `end` return, joined, is the end of the continuation that belongs after the partial; it does not depend on
    how the continuation was divided.
    """

    def __init__(self, partial: str, *, prefilled: bool) -> None:
        self._core = partial.rstrip()
        self._tail = partial[len(self._core) :]
        self._begin = len(partial) - len(partial.lstrip()) if self._core else 0
        self._prefilled = prefilled
        self._fence, named = _open_fence(partial)
        self._opening = "" if prefilled or not named else self._fence + named
        self._pieces: list[str] = []
        self._echoed: int | None = None  # how far into `_core` an echo that is longer than HOLD has come
        self._joined = not partial

    def feed(self, text: str) -> str:
        """Take the next text of the continuation and return what may be shown now."""
        if self._joined or not text:
            return text
        if self._echoed is not None and self._core.startswith(text, self._echoed):
            self._echoed += len(text)
            self._pieces.append(text)
            return ""
        return self._decided("".join((*self._pieces, text)), ended=False)

    def end(self) -> str:
        """The continuation is over: return what was held back and is to be shown."""
        return "" if self._joined else self._decided("".join(self._pieces), ended=True)

    def _decided(self, text: str, *, ended: bool) -> str:
        drop = self._drop(text, ended)
        if drop is not None:
            self._joined, self._pieces = True, []
            return text[drop:]
        self._pieces = [text]
        self._echoed = len(text.lstrip()) + self._begin if len(text) > HOLD else None
        return ""

    def _drop(self, text: str, ended: bool) -> int | None:
        """How much of the continuation's beginning is dropped; None while that depends on what comes next."""
        start = _past_space(text, 0, ended)
        if start is None:
            return None
        reopened = 0
        if self._opening:
            after = _past_opening(text, start, self._opening, ended)
            if after is None:
                return None
            if after:
                reopened = after
                if (start := _past_space(text, after, ended)) is None:
                    return None
        space = text[reopened:start]
        overlap = self._overlap(text, start, self._tail + space, ended)
        if overlap is None:
            return None
        if not overlap:
            return reopened + self._doubled(space)
        if not self._tail:
            return overlap
        after = _past_space(text, overlap, ended)
        return None if after is None else overlap + _same_space(self._tail, text[overlap:after])

    def _overlap(self, text: str, start: int, between: str, ended: bool) -> int | None:
        """Where the longest repetition at `start` ends, 0 if there is none; None while a longer one may be coming.

        `between` is the whitespace that would stand before the repetition, if it were kept."""
        size = len(text) - start
        for at in self._starts(HOLD - start - _SPACE):
            length = len(self._core) - at
            same = min(size, length)
            if not self._core.startswith(text[start : start + same], at) or not self._convincing(at, between):
                continue
            if size >= length:
                return start + length
            if not ended:
                return None
        return 0

    def _starts(self, limit: int) -> list[int]:
        """Where in the core a repetition may begin: at its beginning, and at the words of its last `limit` characters."""
        starts = [self._begin]
        if not self._prefilled:
            first = max(self._begin + 1, len(self._core) - max(limit, 0))
            starts.extend(at for at in range(first, len(self._core)) if _word_begins(self._core, at))
        return starts

    def _convincing(self, at: int, between: str) -> bool:
        """Whether the core's end from `at`, coming again after `between`, cannot be meant.

        Directly after a word nothing natural begins with that same word ("HelHello"), and within a line nothing begins with
        that same line: three letters do. Between borders (whitespace, punctuation) repetitions are natural: they must be
        long, mostly letters, and not go on a repetition that is there already. Whole lines of code, tables and lists repeat
        rightly: only three different ones convince.
        """
        again = self._core[at:]
        if len(again) > HOLD:
            return True
        indent = self._core[self._core.rfind("\n", 0, at) + 1 : at]
        same_line = not indent.strip() and between in ("", indent)
        if same_line and _OPENING.fullmatch(again):
            return True  # a fence's own line was cut
        letters = sum(sign.isalpha() for sign in again)
        indented = same_line and len(between) >= _INDENT
        if letters < (1 if indented else _LETTERS) or _repeats(again) or self._core[:at].rstrip().endswith(again):
            return False
        if same_line or (not between and _inside_word(self._core[-1], again[0])):
            return True
        share = letters / sum(not sign.isspace() for sign in again)
        if len(again) + len(_SPACELESS.findall(again)) < _WEIGHT or share < _LINES_SHARE:
            return False
        if "\n" not in between or (indent.strip() and not self._fence):
            return share >= _WORDS_SHARE
        lines = {line.strip() for line in again.split("\n") if line.strip()}
        if self._fence or _UNITS.match(again):
            return len(lines) > 2 or (at == self._begin and len(lines) > 1)
        return len(lines) > 1 or len(again.split()) > 2

    def _doubled(self, space: str) -> int:
        """How much of the whitespace with which the continuation begins the partial has already."""
        if self._prefilled:
            return _same_space(self._tail, space)
        if self._fence:
            return 0
        if self._tail.endswith("\n\n"):
            return len(space) - len(space.lstrip("\n"))
        return 1 if self._tail == space == " " else 0


def _past_space(text: str, start: int, ended: bool) -> int | None:
    """Where the whitespace at `start` ends (it is not looked at beyond `_SPACE`); None while more of it may come."""
    stretch = text[start : start + _SPACE]
    size = len(stretch) - len(stretch.lstrip())
    return None if size == len(stretch) < _SPACE and not ended else start + size


def _past_opening(text: str, start: int, opening: str, ended: bool) -> int | None:
    """Where a line that opens the same fence again ends, 0 if there is none at `start`; None while it may be coming."""
    line, newline, _ = text[start : start + _FENCE_LINE].partition("\n")
    if newline:
        return start + len(line) + 1 if line.rstrip() == opening else 0
    coming = opening.startswith(line) or line.rstrip() == opening
    return None if coming and not ended and len(line) < _FENCE_LINE else 0


def _open_fence(text: str) -> tuple[str, str]:
    """The signs of the fence of the code block in which the text ends, and what they were followed by ("```", "python");
    two empty texts outside one. A line that was cut opens nothing yet."""
    signs = named = ""
    for line in text.split("\n")[:-1]:
        match = _OPENING.fullmatch(line.rstrip())
        if match is None:
            continue
        if not signs:
            signs, named = match[1], match[2]
        elif not match[2] and match[1].startswith(signs):
            signs = named = ""
    return signs, named


def _same_space(tail: str, space: str) -> int:
    """How much of `space` repeats the whitespace `tail` before it. A single blank after a line's end was that line's end."""
    for size in range(min(len(tail), len(space)), 0, -1):
        if tail.endswith(space[:size]):
            return size
    return 1 if tail and space == " " else 0


def _inside_word(before: str, after: str) -> bool:
    return _is_word(before) and _is_word(after)


def _is_word(sign: str) -> bool:
    return (sign.isalnum() or sign == "_") and not _SPACELESS.match(sign)


def _word_begins(text: str, at: int) -> bool:
    return not text[at].isspace() and not _inside_word(text[at - 1], text[at])


def _repeats(text: str) -> bool:
    """Whether a text is itself a repetition ("ha ha", "ATAT")."""
    return any(text.startswith(text[period:]) for period in range(1, len(text) // 2 + 1))
