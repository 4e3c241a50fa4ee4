"""The options of %chat and %%chat: read from the front of the line, and never from the question.

Owns the grammar. Options stand only before the question; `--` ends them; what follows is the question, byte for byte.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nbchat.core.errors import UsageError

__all__ = ["HELP", "NAMES", "Options", "meant", "parse", "reading"]

HELP = """\
  -m, --model MODEL    let MODEL ("provider/model", or a model of the same provider) answer this turn
  -s, --session NAME   talk in the conversation NAME instead of the notebook's
  --new                begin a new conversation for this notebook (with -s: for that name)
  --system TEXT        the conversation's system prompt from here on
  --temperature X      for this turn
  --max-tokens N       for this turn
  --budget X           for this turn: send nothing that would pass X US dollars in all
  --wait               wait for the answer and return it: m = %chat --wait question
  -o NAME              put the answer (a Message) into the variable NAME; waits
  --no-widget          print the answer as plain text; waits
  --dry-run            send nothing: show what would be sent, and what it would cost
  --                   ends the options: a question that begins with a dash follows
  -h, --help           show this, and send nothing"""

_FLAGS = {"--new": "new", "--wait": "wait", "--no-widget": "no_widget", "--dry-run": "dry_run", "-h": "help", "--help": "help"}
_VALUES = {
    "-m": "model",
    "--model": "model",
    "-s": "session",
    "--session": "session",
    "--system": "system",
    "--temperature": "temperature",
    "--max-tokens": "max_tokens",
    "--budget": "budget",
    "-o": "output",
}
NAMES = (*_VALUES, *_FLAGS)
"""Every option, as it is written."""
_WORD = re.compile(r"[^ \t]+")
_OPTION = re.compile(r"(--?[A-Za-z][\w-]*)(=?)")
"""Anything else that begins with a dash (a list item, a rule, an arrow, -5) is the question."""
_END = re.compile(r"--(?=[ \t]|$)")
_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class Options:
    """What stood before the question. `output` is the variable's name."""

    model: str = ""
    session: str = ""
    new: bool = False
    system: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = False
    output: str = ""
    no_widget: bool = False
    dry_run: bool = False
    budget: Decimal | None = None
    help: bool = False

    @property
    def asks(self) -> bool:
        """Whether something was given that makes sense with a question only."""
        given = self.model or self.parameters or self.wait or self.output or self.no_widget or self.dry_run
        return bool(given) or self.system is not None or self.budget is not None


def parse(line: str) -> tuple[Options, str]:
    """Split a line into options and question; raises UsageError for an unknown option or a bad value."""
    given: dict[str, Any] = {}
    at = _skip(line, 0)
    while _OPTION.match(line, at) or _END.match(line, at):
        if _END.match(line, at):
            at += 3  # the one blank after the dashes is theirs, all others are the question's
            break
        at = _option(line, at, given)
    values = {name: given[name] for name in given if name not in ("temperature", "max_tokens")}
    parameters: dict[str, Any] = {name: given[name] for name in ("temperature", "max_tokens") if name in given}
    return Options(parameters=parameters, **values), line[at:]


def _option(line: str, at: int, given: dict[str, Any]) -> int:
    """Read one option at `at` into `given` and return where the next thing begins."""
    match = _OPTION.match(line, at)
    assert match is not None
    name, end = match[1], match.end()
    known = name in _FLAGS or name in _VALUES
    if not known or (end < len(line) and line[end] not in _BLANKS and (name in _FLAGS or not match[2])):
        word = _WORD.match(line, at)
        raise _unknown(word[0] if word is not None else name)
    if name in _FLAGS:
        given[_FLAGS[name]] = True
        return _skip(line, end)
    if not match[2]:
        end = _skip(line, end)
    value, end = _value(line, end, name)
    given[_VALUES[name]] = _checked(name, value)
    return _skip(line, end)


def _value(line: str, at: int, name: str) -> tuple[str, int]:
    """Return the value at `at`, a word or a quoted text, and where it ends."""
    quote = line[at : at + 1]
    if quote in ("'", '"'):
        end = line.find(quote, at + 1)
        if end < 0:
            raise UsageError(f"The text after {name} begins with {quote} and does not end.", hint="Close the quotes.")
        return line[at + 1 : end], end + 1
    word = _WORD.match(line, at)
    if word is None:
        raise UsageError(f"{name} needs a value.", hint=_example(name))
    return word[0], word.end()


_EXAMPLES = {
    "model": "lab/tiny",
    "session": "notes",
    "system": '"Answer in one sentence."',
    "temperature": "0.2",
    "max_tokens": "500",
    "budget": "0.05",
    "output": "answer",
}


def _example(name: str) -> str:
    return f"For example: %chat {name} {_EXAMPLES[_VALUES[name]]} question"


def _checked(name: str, value: str) -> Any:
    kind = _VALUES[name]
    if kind == "temperature":
        return _number(name, value)
    if kind == "max_tokens":
        if not value.isdecimal() or int(value) < 1:
            raise UsageError(f"{name} is a whole number of tokens, at least 1, not {value!r}.", hint=_example(name))
        return int(value)
    if kind == "budget":
        from nbchat.sessions.budget import amount_of  # half of what loading the extension would cost

        return amount_of(value)
    if kind == "output" and not value.isidentifier():
        raise UsageError(f"{name} takes the name of a variable, not {value!r}.", hint=_example(name))
    if kind != "system" and not value.strip():
        raise UsageError(f"{name} needs a value.", hint=_example(name))
    return value


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise UsageError(f"{name} is a number, at least 0, not {value!r}.", hint=_example(name))
    return number


def _skip(line: str, at: int) -> int:
    while at < len(line) and line[at] in _BLANKS:
        at += 1
    return at


def _unknown(word: str) -> UsageError:
    begins = "If the question begins with a dash, write -- before it."
    return UsageError(f"%chat has no option {word}.", hint=f"{meant(word, NAMES)}{begins}\nOptions:\n{HELP}")


def meant(word: str, known: Iterable[str]) -> str:
    """Return the question whether one of the known words was meant, where one is near; else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), 1)
    return f"Did you mean {near[0]}? " if near else ""


def reading(line: str) -> tuple[str, str]:
    """Return what stands at the end of an unfinished line, and how far it is written: "option", "question", or whose value it is
    ("model", "session", ...)."""
    at = _skip(line, 0)
    while True:
        match = _OPTION.match(line, at)
        if match is None or (match[1] not in NAMES and match.end() < len(line)):
            return ("option", line[at:]) if line[at:] in ("", "-", "--") else ("question", "")
        name, end = match[1], match.end()
        if end == len(line) and not match[2]:
            return "option", name
        if name in _FLAGS:
            at = _skip(line, end)
            continue
        at = end if match[2] else _skip(line, end)
        quote = line[at : at + 1]
        close = line.find(quote, at + 1) if quote in ("'", '"') else -1
        word = _WORD.match(line, at)
        if close < 0 and (quote in ("'", '"') or word is None or word.end() == len(line)):
            return _VALUES[name], line[at:]
        assert word is not None
        at = _skip(line, word.end() if close < 0 else close + 1)
