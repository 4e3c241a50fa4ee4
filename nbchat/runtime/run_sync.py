"""run_sync: run a coroutine from synchronous code, on nbchat's loop or on the kernel's own.

Owns the one use of loop nesting in nbchat: a coroutine that is bound to objects of the kernel's loop. `ask()` and `%chat`
never depend on it. nest_asyncio 1.x loses the cells queued behind a nested run on ipykernel >= 7.1; nest_asyncio2 does not.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

from nbchat.core.errors import KernelLoopError, UsageError
from nbchat.runtime.loop import background

__all__ = ["run_sync"]

T = TypeVar("T")
_LOSES_CELLS = (7, 1)
"""The first ipykernel with which nest_asyncio 1.x silently loses queued cells (measured with 7.1 to 7.4)."""


def run_sync(coroutine: Coroutine[Any, Any, T], on: Literal["background", "kernel"] = "background") -> T:
    """Run `coroutine` to its end and return its result; `on` says where.

    "background": on nbchat's own loop, while this thread waits; the right choice for anything that does not need the
    kernel's loop. "kernel": on the running loop of this thread, by nesting; only for coroutines bound to its objects.
    Raises KernelLoopError where that would hang or lose cells, and says what to do; the coroutine is closed then. UsageError for
    another `on`.
    """
    if on == "background":
        return background().wait(coroutine)
    if on != "kernel":
        coroutine.close()
        raise UsageError(f"run_sync cannot run on {on!r}.", hint='Choose on="background" or on="kernel".')
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    try:
        _allow_nesting(loop)
    except BaseException:
        coroutine.close()
        raise
    return loop.run_until_complete(loop.create_task(coroutine))


def _allow_nesting(loop: asyncio.AbstractEventLoop) -> None:
    if background().on_loop:
        raise KernelLoopError("run_sync was called on nbchat's own thread.", hint="Use `await` there.")
    if not isinstance(loop, asyncio.BaseEventLoop):
        raise KernelLoopError(
            f"A {type(loop).__module__} loop cannot be nested.", hint='Use run_sync(..., on="background"), or `await`.'
        )
    if hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2"):
        # 1.x came first and cannot be replaced in this process
        if _ipykernel() >= _LOSES_CELLS:
            raise KernelLoopError(
                "nest_asyncio 1.x has patched this kernel, and with ipykernel 7.1 or newer it loses the cells that wait.",
                hint="Remove `import nest_asyncio; nest_asyncio.apply()`, restart the kernel, and run this again.",
            )
        importlib.import_module("nest_asyncio").apply(loop)
        return
    try:
        nesting = importlib.import_module("nest_asyncio2")
    except ModuleNotFoundError:
        raise KernelLoopError(
            "run_sync on the kernel's loop nests with nest_asyncio2, which is not installed.",
            hint='Install it: `%pip install nest-asyncio2`; or use run_sync(..., on="background"), or `await`.',
        ) from None
    nesting.apply(loop)


def _ipykernel() -> tuple[int, int]:
    """The version of the ipykernel that runs this process; (0, 0) where none does, as in a script."""
    found = getattr(sys.modules.get("ipykernel"), "version_info", (0, 0))
    return int(found[0]), int(found[1])
