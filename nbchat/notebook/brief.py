"""Brief errors: what goes wrong in a magic is told in two lines, not in a traceback through nbchat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from IPython.core.getipython import get_ipython

from nbchat.core.errors import ChatError

__all__ = ["Interrupted", "brief"]

_RED, _PLAIN = "\x1b[0;31m", "\x1b[0m"


class Interrupted(KeyboardInterrupt):
    """A blocking %chat was interrupted and its turn stopped; the cell, and a Run All, ends here."""

    def _render_traceback_(self) -> list[str]:
        return [f"{_head('KeyboardInterrupt')}: the answer was stopped; what had come is kept."]


@contextmanager
def brief() -> Iterator[None]:
    """Have IPython show a ChatError or an interrupt that leaves this block as text alone. The exception itself is unchanged."""
    try:
        yield
    except ChatError as error:
        # IPython asks the instance, so people can go on catching the class that they know
        error._render_traceback_ = _renderer(error)  # type: ignore[attr-defined]
        raise error.with_traceback(None) from None
    except KeyboardInterrupt:
        raise Interrupted from None


def _renderer(error: ChatError) -> Callable[[], list[str]]:
    return lambda: [f"{_head(type(error).__name__)}: {error.text}", *error.hint.splitlines()]


def _head(name: str) -> str:
    shell = get_ipython()
    return name if getattr(shell, "colors", "").lower() == "nocolor" else f"{_RED}{name}{_PLAIN}"
