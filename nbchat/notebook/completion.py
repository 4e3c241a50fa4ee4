"""Completion: what Tab offers on a line of %chat or %nbchat: options, models, conversations, commands, names of the notebook.

Asks nobody: models are those that a listing has named already, or that answered before. What this process has to look up (names
in the database, the first use of a command) may take `PATIENCE`; what is late is not offered. Files are IPython's own matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Protocol

from nbchat.notebook.help import USAGES
from nbchat.notebook.options import NAMES, reading

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["MATCHER", "PATIENCE", "Known", "in_body", "matcher", "offered"]

MATCHER = "nbchat"
"""What IPython knows the matcher by."""
PATIENCE = 0.04
"""Seconds that one Tab waits at most."""
_MAGIC = re.compile(r"\s*(?:[^\W\d][\w.,\[\]'\" ]*=[ \t]*)?(%%?chat|%nbchat)[ \t](.*)", re.DOTALL)
_WORDS = re.compile(r"\"[^\"]*\"?|'[^']*'?|[^\s\"']+")
_NAME = re.compile(r"(?<![\w@\\])@([^\W\d]\w*(?:\[\d*)?)?$")
_NAMES_OF = ("stop", "resume", "rename", "archive", "delete")
"""Commands whose first argument is a conversation."""


class Known(Protocol):
    """What a line can name. Each may take a while."""

    def models(self) -> Iterable[str]:
        """The labels of models that are known."""

    def sessions(self) -> Iterable[str]:
        """The names of conversations, last used first."""

    def providers(self) -> Iterable[str]:
        """The ids of providers."""

    def commands(self) -> Iterable[str]:
        """What `%nbchat` can do."""

    def names(self) -> Iterable[str]:
        """What a question can mention."""


def offered(line: str, known: Known) -> tuple[str, list[str]]:
    """Return the unfinished word at the end of a line, up to the cursor, and what it could become; nothing where the line is
    neither magic's, or says nothing that can be known."""
    match = _MAGIC.match(line)
    if match is None:
        return "", []
    return _of_command(match[2], known) if match[1] == "%nbchat" else _of_question(match[2], known)


def in_body(line: str, known: Known) -> tuple[str, list[str]]:
    """Return the same for a line of a question: names after an @."""
    match = _NAME.search(line)
    if match is None:
        return "", []
    return match[0], _beginning(match[0], (f"@{name}" for name in known.names()))


def _of_question(rest: str, known: Known) -> tuple[str, list[str]]:
    kind, word = reading(rest)
    if kind == "option":
        return word, _beginning(word, NAMES)
    if kind == "model":
        labels = list(known.models())
        return word, [label for label in labels if label.startswith(word) or label.partition("/")[2].startswith(word)]
    if kind == "session":
        return word, _beginning(word, map(_quoted, known.sessions()))
    return in_body(rest, known) if kind == "question" else ("", [])


def _of_command(rest: str, known: Known) -> tuple[str, list[str]]:
    words = [match[0] for match in _WORDS.finditer(rest)]
    word = words.pop() if words and rest == rest.rstrip() else ""
    if not words:
        return word, _beginning(word, known.commands())
    command, given = words[0], len(words) - 1
    if command in _NAMES_OF and given == 0:
        more = ("--all",) if command == "stop" else ()
        return word, _beginning(word, (*map(_quoted, known.sessions()), *more))
    if command == "export" and given == 1:
        return word, _beginning(word, map(_quoted, known.sessions()))
    if command == "models" and given == 0:
        return word, _beginning(word, (*known.providers(), "*"))
    if command == "doctor":
        return word, _beginning(word, (*known.providers(), "--offline"))
    if command == "code":
        return word, _beginning(word, ("--print",))
    if command == "cost":
        return word, _beginning(word, ("day", "session", "conversation", "model", "provider", "notebook", "purpose", *_COST))
    return "", []


_COST = ("--since", "--csv")


def _beginning(word: str, of: Iterable[str]) -> list[str]:
    return [each for each in of if each.startswith(word) or each.strip("\"'").startswith(word)]


def _quoted(name: str) -> str:
    if not re.search(r"[\s\"']", name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


class _Kernel:
    """What this kernel knows."""

    def __init__(self, shell: Any, services: Callable[[], Services]) -> None:
        self._shell = shell
        self._services = services

    def models(self) -> Iterable[str]:
        services = self._services()
        manager, catalogue = services.manager, services.registry.catalogue
        listed = services.background.call(catalogue.held)
        return dict.fromkeys((manager.default_model, *manager.recent_models, *(model.label for model in listed)))

    def sessions(self) -> Iterable[str]:
        services = self._services()
        return [row.conversation.name for row in services.background.wait(services.manager.conversations())]

    def providers(self) -> Iterable[str]:
        return [provider.id for provider in self._services().registry.list()]

    def commands(self) -> Iterable[str]:
        return USAGES

    def names(self) -> Iterable[str]:
        from nbchat.notebook.context.names import ShellNames

        return [name for name, _ in ShellNames(self._shell).listed()]


def matcher(shell: Any, services: Callable[[], Services]) -> Callable[[Any], Any]:
    """Return a matcher for `shell.Completer.custom_matchers` (IPython's API, version 2)."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    known = _Kernel(shell, services)

    @context_matcher(identifier=MATCHER)  # type: ignore[untyped-decorator]
    def chat_matcher(context: Any) -> Any:
        line = context.text_until_cursor
        body = context.cursor_line > 0 and context.full_text.lstrip().startswith("%%chat")
        nothing = {"completions": [], "suppress": False}
        if not body and _MAGIC.match(line) is None:
            return nothing
        from nbchat.runtime.threads import DaemonThreads

        try:
            word, found = DaemonThreads().submit(in_body if body else offered, line, known).result(PATIENCE)
        except (Exception, CancelledError):  # too late, or a database in trouble: Tab is not the place to hear of it
            return nothing
        completions = [SimpleCompletion(text=each, type="nbchat") for each in found]
        return {"completions": completions, "suppress": True, "matched_fragment": word, "ordered": True}

    return chat_matcher  # type: ignore[no-any-return]
