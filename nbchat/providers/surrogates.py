"""Joins the halves of a character that a provider cut in two between deltas; a half without its other becomes U+FFFD.

A lone surrogate in a str breaks UTF-8 encoding later on (databases, the notebook protocol, print), so none may pass here.
Owns one channel of text (the answer, the reasoning, or the arguments of one tool call).
"""

from __future__ import annotations

__all__ = ["SurrogateJoiner", "has_surrogate"]


def has_surrogate(text: str) -> bool:
    """Say whether `text` holds a lone surrogate (which UTF-8 cannot express)."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class SurrogateJoiner:
    """Holds back a high surrogate at the end of a delta until the next delta shows whether its low half follows."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = ""

    @property
    def holds(self) -> bool:
        """Whether half a character waits for the next delta."""
        return bool(self._held)

    def join(self, text: str) -> str:
        """Return what of `text` (and of what was held) is safe to pass on."""
        if not text:
            return ""
        text = self._held + text
        self._held = ""
        if "\ud800" <= text[-1] <= "\udbff":
            self._held = text[-1]
            text = text[:-1]
        # Through UTF-16 the neighbouring halves become one character; the lone ones become U+FFFD, one for each.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def flush(self) -> str:
        """Return U+FFFD for a half that is still held; the text has ended."""
        held, self._held = self._held, ""
        return "\ufffd" if held else ""
