"""Identifiers: random, and sorted by the time of their making.

Owns the format only; identity itself is a storage concern.
"""

from __future__ import annotations

import os
import time

__all__ = ["new_id"]


def new_id() -> str:
    """Return a new identifier: 12 hex digits of Unix milliseconds, then 20 random ones (a UUIDv7 in spirit).

    Ids made later sort later (to the millisecond), so an index over them stays append-mostly. They are not secrets.
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
