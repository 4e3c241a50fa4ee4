"""Where the file is, and the backend that stands on it."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from nbchat.machine.directories import data_directory
from nbchat.sessions.ports import Clock
from nbchat.streams.sqlite.file import NAME
from nbchat.streams.sqlite.jobs import SqliteJobStore
from nbchat.streams.sqlite.log import SqliteEventTransport
from nbchat.streams.sqlite.notices import SqliteNotices
from nbchat.streams.sqlite.thread import StreamsThread

__all__ = ["open_sqlite", "path_of"]


def path_of(place: str) -> Path:
    """Return the file that a URL names behind "sqlite:": "" is `streams.db` in nbchat's data directory."""
    if not place.strip("/"):
        return data_directory() / NAME
    # sqlite:///home/me/streams.db, as elsewhere, is what sqlite:/home/me/streams.db is.
    return Path(place.removeprefix("//")).expanduser().absolute()


def open_sqlite(path: str | os.PathLike[str], clock: Clock, owner: str) -> tuple[SqliteJobStore, SqliteEventTransport]:
    """Return jobs and logs of `owner` in a file. Nothing is opened before the first call."""
    kernel = uuid.uuid4().hex
    notices = SqliteNotices(owner, clock, kernel)
    thread = StreamsThread(Path(path), clock, notices, users=2)
    return SqliteJobStore(thread, notices, clock, owner), SqliteEventTransport(thread, notices, owner, kernel)
