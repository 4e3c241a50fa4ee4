"""Names what went wrong with a database, for people: which file, why, and what to do.

SQLite's messages are matched by text because Python 3.10 gives no error codes.
"""

from __future__ import annotations

from nbchat.core.errors import StorageError

__all__ = ["cannot_write", "explain", "is_busy"]

_KEPT = "Nothing was overwritten."
_CASES = (
    ("locked", "another program keeps the database {path} locked.", "Close that program; the next turn tries again."),
    ("busy", "another program keeps the database {path} locked.", "Close that program; the next turn tries again."),
    ("readonly", "the database {path} cannot be written.", "Make the file and its directory writable, or set NBCHAT_HOME."),
    ("permission denied", "the database {path} cannot be written.", "Make its directory writable, or set NBCHAT_HOME."),
    ("read-only file system", "the database {path} cannot be written.", "Set NBCHAT_HOME to a writable directory."),
    ("full", "there is no room left for the database {path}.", "Free some disk space; the next turn tries again."),
    ("no space", "there is no room left for the database {path}.", "Free some disk space; the next turn tries again."),
    ("not a database", "{path} is not a database.", f"{_KEPT} Move the file away, or set NBCHAT_STORE to another path."),
    ("malformed", "the database {path} is damaged.", f"{_KEPT} Move the file away; `sqlite3 FILE .recover` may save it."),
    ("disk i/o", "reading or writing the database {path} failed.", "Check the disk it lies on; the next turn tries again."),
    ("not a directory", "the database {path} cannot be opened.", "A part of its path is a file: set NBCHAT_HOME to a directory."),
    ("is a directory", "the database {path} cannot be opened.", "It is a directory: set NBCHAT_STORE to a file in it."),
    ("unable to open", "the database {path} cannot be opened.", "Make the file and its directory writable, or set NBCHAT_HOME."),
)


def is_busy(error: BaseException) -> bool:
    """Whether the error only says that another connection is in the way."""
    text = str(error).lower()
    return "locked" in text or "busy" in text


def cannot_write(error: BaseException) -> bool:
    """Whether the error may only say that the file or its directory is read-only."""
    text = str(error).lower()
    return any(part in text for part in ("readonly", "read-only", "permission denied", "unable to open"))


def explain(error: BaseException, place: str) -> StorageError:
    """Return the readable StorageError for what sqlite3 or the operating system raised."""
    text = str(error).lower()
    for part, cause, hint in _CASES:
        if part in text:
            return StorageError(cause.format(path=place), hint=hint)
    return StorageError(
        f"the database {place} failed: {type(error).__name__}: {error}"[:400],
        hint="Set NBCHAT_STORE to another path if this stays.",
    )
