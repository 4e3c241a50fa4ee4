"""Patience: work on a file that other processes use is tried again while it is busy.

SQLite's own timeout does not cover all of it: opening, changing the journal mode and WAL recovery say at once that the file is
busy. Must not know SQLite.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["patiently"]

T = TypeVar("T")
_FIRST_SECONDS, _MOST_SECONDS = 0.002, 0.1
"""Between two attempts: short at first, since most locks are held for a commit."""


def patiently(work: Callable[[], T], seconds: float, is_busy: Callable[[BaseException], bool]) -> T:
    """Return what `work` gives, which is run again for so many seconds while `is_busy(error)` says so of what it raises; then, or
    where that is something else, it is raised."""
    try:
        return work()  # mostly it is free: nobody needs to know what time it is
    except Exception as error:
        if not is_busy(error):
            raise
    deadline, wait = time.monotonic() + seconds, _FIRST_SECONDS
    while True:
        time.sleep(wait)
        wait = min(2 * wait, _MOST_SECONDS)
        try:
            return work()
        except Exception as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
