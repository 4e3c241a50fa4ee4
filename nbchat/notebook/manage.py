"""%nbchat: commands that look after conversations, models and money. Each returns something that displays."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nbchat.core.errors import UsageError
from nbchat.export.cost_table import CostTable
from nbchat.export.listings import conversation_table, model_table, provider_table, search_table
from nbchat.export.money import By, request_rows, since_seconds, summed_rows
from nbchat.export.tables import Table
from nbchat.notebook.cells import notebook_of
from nbchat.notebook.comms import takes_no_input
from nbchat.notebook.help import USAGES, listing
from nbchat.notebook.models import find_models
from nbchat.notebook.names import conversation_for
from nbchat.notebook.options import meant

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["COMMANDS", "Begun", "run"]

_HELP = ("help", "--help", "-h")


class _Text(str):
    """Text that displays as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Begun:
    """What a command that asks a model gives: a turn to be shown."""

    session: Session
    turn: Turn


def run(services: Services, line: str, shell: Any) -> Any:
    """Run one command line; raises UsageError for what it does not know."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"The command cannot be read: {error}.", hint="A name with blanks stands in quotes.") from None
    if not words or words[0] in _HELP:
        return _Text(listing())
    name, *given = words
    if name not in COMMANDS:
        raise UsageError(f"%nbchat has no command {name!r}.", hint=f"{meant(name, COMMANDS)}Commands: {', '.join(COMMANDS)}.")
    try:
        return COMMANDS[name](services, given, shell)
    except _WrongArguments:
        usage, what = USAGES[name]
        raise UsageError(f"%nbchat {name} cannot be used like that.", hint=f"Usage: %nbchat {usage}   ({what})") from None


class _WrongArguments(Exception):  # noqa: N818 - never leaves this module
    """The arguments of a command do not fit its usage."""


def _at_most(given: Sequence[str], count: int) -> Sequence[str]:
    if len(given) > count or any(word.startswith("-") for word in given):
        raise _WrongArguments
    return given


def _sessions(services: Services, given: Sequence[str], _shell: Any) -> Table:
    return conversation_table(services.background.wait(services.manager.conversations(*_at_most(given, 1))))


def _models(services: Services, given: Sequence[str], _shell: Any) -> Table:
    words = list(_at_most(given, 20))
    known = {"*", *(provider.id for provider in services.registry.list())}
    provider = words.pop(0) if words and words[0] in known else None
    return model_table(services.background.wait(find_models(services, provider, search=" ".join(words))))


def _providers(services: Services, given: Sequence[str], _shell: Any) -> Table:
    _at_most(given, 0)
    return provider_table(services.registry.list())


def _cost(services: Services, given: Sequence[str], _shell: Any) -> Table | _Text:
    """Show sums, or write them to a file: without a `by` every request of its own."""
    words, since, path = list(given), "", ""
    for option in ("--since", "--csv"):
        if option in words[:-1]:
            at = words.index(option)
            since, path = (words[at + 1], path) if option == "--since" else (since, words[at + 1])
            del words[at : at + 2]
    by = cast("By", (*_at_most(words, 1), "session")[0])
    records = services.background.wait(services.ports.ledger.records(since=since_seconds(since or None)))
    rows = summed_rows(records, by)
    if not path:
        return CostTable(rows, by, since=since)
    written = Table(rows if words else request_rows(records))
    try:
        written.to_csv(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="Name a file in a folder that is there.") from None
    count = "1 row of the ledger is" if len(written) == 1 else f"{len(written)} rows of the ledger are"
    return _Text(f"{count} in {path}.")


def _stop(services: Services, given: Sequence[str], shell: Any) -> _Text:
    if given == ["--all"]:
        count = services.background.wait(services.manager.stop_all())
        return _Text(f"Stopped {count} session{'s' * (count != 1)}." if count else "Nothing was running.")
    name = (*_at_most(given, 1), None)[0]
    notebook = conversation_for(services, name or notebook_of(shell), new=False, notebook=name is None)
    session = services.manager.get(services.background.wait(notebook))
    if session is None or not session.busy:
        return _Text("Nothing was running.")
    services.background.wait(session.stop(queue=True))
    return _Text(f"Stopped “{session.name}”.")


def _search(services: Services, given: Sequence[str], _shell: Any) -> Table:
    if not given:
        raise _WrongArguments
    return search_table(services.background.wait(services.manager.search(" ".join(given))))


def _resume(services: Services, given: Sequence[str], shell: Any) -> Begun:
    session = _session(services, (*_at_most(given, 1), None)[0], shell)
    return Begun(session, services.background.call(session.resume))


def _fix(services: Services, given: Sequence[str], shell: Any) -> Begun:
    from nbchat.notebook.failure import last_failure

    return _asked(services, last_failure(shell).fix(" ".join(given)), shell)


def _explain(services: Services, given: Sequence[str], shell: Any) -> Begun:
    from nbchat.notebook.failure import last_failure

    return _asked(services, last_failure(shell).explain(" ".join(given)), shell)


def _asked(services: Services, question: str, shell: Any) -> Begun:
    session = _session(services, None, shell)
    return Begun(session, services.background.call(session.submit, question))


def _code(services: Services, given: Sequence[str], shell: Any) -> _Text | None:
    """Give a code block of the last answer to the front end, for a cell of its own; or print it."""
    from nbchat.export.safe_markdown import Fence, split_fences

    words = [word for word in given if word != "--print"]
    number = (*_at_most(words, 1), "")[0]
    answer = next((each for each in reversed(_session(services, None, shell).path) if each.role == "assistant"), None)
    if answer is None or answer.status == "streaming":
        raise UsageError("There is no whole answer yet.", hint="Ask something, and wait for the end of the answer.")
    blocks = [piece.code for piece in split_fences(answer.text) if isinstance(piece, Fence) and piece.code.strip()]
    if not blocks:
        raise UsageError("The last answer holds no code block.", hint="Ask for one.")
    if number and not (number.isdecimal() and 1 <= int(number) <= len(blocks)):
        count = f"{len(blocks)} code block{'s' * (len(blocks) != 1)}"
        raise UsageError(f"The last answer holds {count}, no {number!r}.", hint=f"Choose one from 1 to {len(blocks)}.")
    code = blocks[int(number or len(blocks)) - 1]
    if len(words) < len(given) or takes_no_input(shell):
        return _Text(code)
    shell.set_next_input(code, replace=False)
    return None


def _export(services: Services, given: Sequence[str], shell: Any) -> _Text:
    from nbchat.export.files import write

    if not given:
        raise _WrongArguments
    path, name = (*_at_most(given, 2), None)[:2]
    session = _session(services, name, shell)
    written = write(Path(str(path)).expanduser(), session.conversation, session.path, session.messages)
    return _Text(f"“{session.name}” is in {written}.")


def _load(services: Services, given: Sequence[str], _shell: Any) -> _Text:
    from nbchat.export.document import renewed
    from nbchat.export.files import read

    if len(_at_most(given, 1)) != 1:
        raise _WrongArguments
    session = services.background.wait(services.manager.add(*renewed(*read(Path(given[0]).expanduser()))))
    return _Text(f"Loaded as “{session.name}”: %chat -s {shlex.quote(session.name)}")


def _rename(services: Services, given: Sequence[str], _shell: Any) -> _Text:
    if len(_at_most(given, 2)) != 2:
        raise _WrongArguments
    services.background.wait(services.manager.rename(given[0], given[1]))
    return _Text(f"“{given[0]}” is called “{given[1]}” now.")


def _archive(services: Services, given: Sequence[str], _shell: Any) -> _Text:
    if len(_at_most(given, 1)) != 1:
        raise _WrongArguments
    services.background.wait(services.manager.archive(given[0]))
    return _Text(f"“{given[0]}” is left out of listings now; search still finds it.")


def _delete(services: Services, given: Sequence[str], _shell: Any) -> _Text:
    if len(_at_most(given, 1)) != 1:
        raise _WrongArguments
    services.background.wait(services.manager.delete(given[0]))
    return _Text(f"“{given[0]}” is deleted; what it cost stays in the ledger.")


def _session(services: Services, name: str | None, shell: Any) -> Session:
    """The session of this name, or the notebook's own."""

    async def open_it() -> Session:
        found = await conversation_for(services, name or notebook_of(shell), new=False, notebook=name is None)
        return await services.manager.open(found)

    return services.background.wait(open_it())


def _doctor(services: Services, given: Sequence[str], shell: Any) -> Any:
    from nbchat.doctor import examine

    names = [word for word in given if word != "--offline"]
    name = (*_at_most(names, 1), "")[0]
    return examine(services, shell, name=name, offline=len(names) < len(given))


def _config(services: Services, given: Sequence[str], shell: Any) -> Table:
    from nbchat.notebook.chosen import config_table

    _at_most(given, 0)
    return config_table(services, shell.magics_manager.registry["NbChat"])


_Command = Callable[["Services", Sequence[str], Any], Any]
COMMANDS: dict[str, _Command] = {
    "sessions": _sessions,
    "search": _search,
    "rename": _rename,
    "archive": _archive,
    "delete": _delete,
    "export": _export,
    "load": _load,
    "resume": _resume,
    "stop": _stop,
    "fix": _fix,
    "explain": _explain,
    "code": _code,
    "models": _models,
    "providers": _providers,
    "cost": _cost,
    "doctor": _doctor,
    "config": _config,
}
"""What each command does; what it is for stands in `help`."""
