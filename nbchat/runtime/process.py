"""The one place where things live that exist once per process: a slot in `sys.modules`.

Why there: autoreload keeps a plain module global, `importlib.reload` does not, and `del sys.modules["nbchat..."]` loses both; a
slot module of its own survives all three. A forked child starts with an empty one.
"""

from __future__ import annotations

import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["forget", "once_per_process"]

T = TypeVar("T")
_SLOT = "_nbchat_process"


def once_per_process(name: str, make: Callable[[], T], alive: Callable[[T], bool] = lambda _: True) -> T:
    """Return the process's thing called `name`; `make` it, under a lock, when there is none or it is not `alive`."""
    state = _slot().__dict__
    with state["lock"]:
        things: dict[str, Any] = state["things"]
        if name not in things or not alive(things[name]):
            things[name] = make()
        return cast(T, things[name])


def forget(name: str) -> None:
    """Let the next caller make the thing called `name` anew; whoever calls this has closed the old one. Idempotent."""
    state = _slot().__dict__
    with state["lock"]:
        state["things"].pop(name, None)


def _slot() -> types.ModuleType:
    slot = sys.modules.get(_SLOT)
    if slot is None:
        fresh = types.ModuleType(_SLOT, "Process-wide state of nbchat; survives reloads of the package.")
        _empty(fresh)
        # setdefault is atomic under the GIL: two threads that come together get the same slot
        slot = sys.modules.setdefault(_SLOT, fresh)
        if slot is fresh and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: _empty(fresh))
    return slot


def _empty(slot: types.ModuleType) -> None:
    # In a forked child: a new lock, because a thread that is not here may hold the parent's. Re-entrant, because making
    # one thing may need another.
    slot.__dict__.update(lock=threading.RLock(), things={})
