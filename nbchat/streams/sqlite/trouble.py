"""Names what went wrong with the file of jobs and logs, for people: which file, why, and what to do.

SQLite's messages are matched by text because Python 3.10 gives no error codes.
"""

from __future__ import annotations

from nbchat.core.errors import ChatError
from nbchat.sessions.ports import StreamsError

__all__ = ["explain", "foreign", "forked", "is_busy", "is_damage", "newer"]

_GOES_ON = "Answers go on in this kernel; other notebooks do not see them."
_CASES = (
    ("locked", "another program keeps {path} locked.", "It is tried again."),
    ("busy", "another program keeps {path} locked.", "It is tried again."),
    ("readonly", "{path} cannot be written.", "Make the file and its directory writable, or delete it."),
    ("read-only", "{path} cannot be written.", "Set NBCHAT_HOME to a writable directory."),
    ("permission denied", "{path} cannot be written.", "Make its directory writable, or set NBCHAT_HOME."),
    ("full", "there is no room left for {path}.", "Free some disk space; it is tried again."),
    ("no space", "there is no room left for {path}.", "Free some disk space; it is tried again."),
    ("disk i/o", "reading or writing {path} failed.", "Check the disk it lies on; it is tried again."),
    ("not a directory", "{path} cannot be opened.", "A part of its path is a file: set NBCHAT_HOME to a directory."),
    ("is a directory", "{path} cannot be opened.", "It is a directory: set NBCHAT_STREAMS to a file in it."),
    ("unable to open", "{path} cannot be opened.", "Make the file and its directory writable, or delete it."),
)
_DAMAGE = ("not a database", "malformed", "no such table", "no such column", "no column named", "encrypted")


def is_busy(error: BaseException) -> bool:
    """Whether the error only says that another connection is in the way."""
    text = _words(error)
    return type(error).__module__ == "sqlite3" and ("locked" in text or "busy" in text)


def is_damage(error: BaseException) -> bool:
    """Whether the error says that what is in the file is no use any more."""
    return type(error).__module__ == "sqlite3" and any(part in _words(error) for part in _DAMAGE)


def _words(error: BaseException) -> str:
    """Return what was said, without the path that the system's errors name: it may be called anything."""
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error).lower()


def newer(path: str) -> StreamsError:
    """Return the refusal of a file that kernels with a newer version use now."""
    return StreamsError(
        f"{path} is used by a newer version of nbchat.", hint=f"Upgrade this kernel's, and restart it. {_GOES_ON}"
    )


def foreign(path: str) -> StreamsError:
    """Return the refusal of a file that another program may have made."""
    return StreamsError(
        f"{path} is no file of nbchat's running answers.",
        hint=f"Set NBCHAT_STREAMS to another path. Nothing was changed. {_GOES_ON}",
    )


def forked() -> StreamsError:
    """Return the refusal of what a forked child asks for: SQLite's locks do not survive a fork."""
    return StreamsError(
        "this process was forked from one that shares its running answers, so it cannot share any itself.",
        hint='Start the process with the "spawn" method instead.',
    )


def explain(error: BaseException, path: str) -> BaseException:
    """Return the readable StreamsError for what sqlite3 or the operating system raised; others as they are."""
    if isinstance(error, ChatError) or not (isinstance(error, OSError) or type(error).__module__ == "sqlite3"):
        return error
    found = _readable(error, path)
    found.__cause__ = error
    return found


def _readable(error: BaseException, path: str) -> StreamsError:
    text = _words(error)
    for part, cause, hint in _CASES:
        if part in text:
            return StreamsError(cause.format(path=path), hint=f"{hint} {_GOES_ON}")
    if is_damage(error):
        return StreamsError(f"{path} is damaged.", hint=f"It is put aside, and a new one is made. {_GOES_ON}")
    return StreamsError(f"{path} failed: {type(error).__name__}: {error}"[:400], hint=_GOES_ON)
