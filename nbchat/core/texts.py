"""Texts that people pass: strings, which notebooks' type checkers seldom see to, and such as UTF-8 can express."""

from __future__ import annotations

from nbchat.core.errors import UsageError

__all__ = ["text_of"]


def text_of(value: object, what: str) -> str:
    """Return the string `value` without lone surrogates: halves of a pair are joined, others (of a file that was read with
    surrogateescape, say) become U+FFFD, because neither a database nor the notebook's protocol can carry them.

    Raises UsageError for what is no string; `what` says what it was to be ("A question").
    """
    if not isinstance(value, str):
        raise UsageError(f"{what} is text, not {type(value).__name__}.")
    if value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
