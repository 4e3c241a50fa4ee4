"""Live: a read-only trait whose value is read from a session at the moment of reading.

Why not plain traits: their machinery is not safe across threads, and a value that is pushed would be stale in a cell that
blocks the kernel's loop. Reading goes to the immutable state; only notifications are pushed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from traitlets import TraitError, TraitType

__all__ = ["Live"]


class Live(TraitType[Any, Any]):
    """A trait that reads `read(owner)`; assigning calls `write(owner, value)`, or raises TraitError where there is none."""

    def __init__(self, read: Callable[[Any], Any], write: Callable[[Any, Any], None] | None = None, *, help: str = "") -> None:
        super().__init__(allow_none=True, help=help)
        self._read = read
        self._write = write
        self.__doc__ = help

    @property
    def settable(self) -> bool:
        """Whether it can be assigned."""
        return self._write is not None

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return the value of this moment."""
        return self._read(obj)

    def set(self, obj: Any, value: Any) -> None:
        """Write through, or refuse."""
        if self._write is None:
            self._refuse()
        self._write(obj, value)

    def _refuse(self) -> NoReturn:
        raise TraitError(f"{self.name!r} tells what the session does; it cannot be set.")
