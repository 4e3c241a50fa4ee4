"""Texts that people pass: strings, which notebooks' type checkers seldom see to, and such as UTF-8 can express."""

from __future__ import annotations

from nbchat.core.errors import UsageError

__all__ = ["text_of", "well_formed"]


def well_formed(text: str) -> str:
    """Return `text` without lone surrogates: halves of a pair are joined, others (of a file that was read with surrogateescape,
    say) become U+FFFD, because UTF-8 has no form for them, and so neither a database nor the notebook's protocol carries them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def text_of(value: object, what: str) -> str:
    """Return the string `value`, well formed; raises UsageError for what is no string, in which `what` says what it was to
    be ("A question")."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is text, not {type(value).__name__}.", hint="Make it one: str(...), or what says it better.")
    return well_formed(value)
