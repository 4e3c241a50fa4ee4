"""Sparing: `%autoreload` leaves nbchat alone, whose new files (after an upgrade) are for the next kernel.

Owns the one place of IPython's autoreload that is touched. Why: autoreload puts new code below instances that live, which classes
with `__slots__` do not survive: in IPython 8 and 9 each question after an upgrade beside a running kernel ended in a TypeError.
"""

from __future__ import annotations

from typing import Any

__all__ = ["spare", "stop_sparing"]

_PACKAGE = "nbchat"
_MARK = "_nbchat_spares"


class _Spared(dict[str, Any]):
    """autoreload's `skip_modules`, which it asks for each module's name: in it are all of nbchat's too, loaded yet or not."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and name.partition(".")[0] == _PACKAGE)


def spare(shell: Any) -> None:
    """Have autoreload skip nbchat from now on, in whichever order the two were or will be loaded. Idempotent."""

    def before_cell(_info: object) -> None:
        reloader = _reloader(shell)
        if type(getattr(reloader, "skip_modules", None)) is dict:
            reloader.skip_modules = _Spared(reloader.skip_modules)

    stop_sparing(shell)
    before_cell(None)
    setattr(before_cell, _MARK, True)
    shell.events.register("pre_run_cell", before_cell)  # autoreload, where it comes later, hears of a cell after this


def stop_sparing(shell: Any) -> None:
    """Let autoreload see nbchat again. Idempotent."""
    for hook in [each for each in shell.events.callbacks["pre_run_cell"] if getattr(each, _MARK, False)]:
        shell.events.unregister("pre_run_cell", hook)
    reloader = _reloader(shell)
    if type(getattr(reloader, "skip_modules", None)).__name__ == _Spared.__name__:  # of before a reload, perhaps
        reloader.skip_modules = dict(reloader.skip_modules)


def _reloader(shell: Any) -> Any:
    return getattr(shell.magics_manager.registry.get("AutoreloadMagics"), "_reloader", None)
