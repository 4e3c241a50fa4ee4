"""Checks of what people pass where a type checker does not look: notebooks seldom run one."""

from __future__ import annotations

from nbchat.core.errors import UsageError

__all__ = ["must_be_text"]


def must_be_text(value: object, what: str) -> None:
    """Raise UsageError, with `what` it was to be ("A question"), unless `value` is a string."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is text, not {type(value).__name__}.")
