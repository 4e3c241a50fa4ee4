"""Secret: a key that cannot be printed, pickled or copied into a trait by accident; and its removal from texts.

Owns hiding; where keys come from is `providers.keys`.
"""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Callable, Iterable
from typing import NoReturn
from urllib.parse import quote

__all__ = ["Secret", "redact"]

_MASK = "***"
_SHORT = 4
"""A shorter text is no key: it would blot out half of what is said."""
_SURE = 12
"""A text of this length is a key wherever it stands, also in what is said of another provider. ("ollama" may be one's key.)"""


class Secret:
    """A string whose value only `reveal()` gives; `repr` and `str` are "***", pickling and hashing are refused.

    The value lives in a closure, not in an attribute, so that IPython's Verbose tracebacks and `vars()` cannot show it. While one
    lives, it is redacted from every text, whoever says it.
    """

    __slots__ = ("__weakref__", "_reveal")
    __hash__ = None  # type: ignore[assignment]  # a dict key would be compared, and so could be guessed

    def __init__(self, value: str) -> None:
        text = value.strip()
        self._reveal: Callable[[], str] = lambda: text
        _living[id(self)] = self

    def reveal(self) -> str:
        """Return the value; call it only where a request's header is built."""
        return self._reveal()

    def __bool__(self) -> bool:
        return bool(self._reveal())

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._reveal() == other._reveal()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: keep the place of a key, not the key")


_living: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return `text` with every given secret (of at least 4 characters) replaced by "***", also as JSON and URLs write it; and
    every other one that this process holds (of at least 12)."""
    values = [value for secret in secrets if len(value := secret.reveal()) >= _SHORT]
    others = [secret for ref in _living.valuerefs() if (secret := ref()) is not None]  # a copy: threads make secrets too
    values += [value for secret in others if len(value := secret.reveal()) >= _SURE]
    forms = {form for value in values for form in _forms(value)}
    for form in sorted(forms, key=len, reverse=True):  # of two keys that begin alike, the longer must go first
        text = text.replace(form, _MASK)
    return text


def _forms(value: str) -> set[str]:
    quoted, percent = json.dumps(value)[1:-1], quote(value, safe="", errors="surrogatepass")
    lower = re.sub("%..", lambda escape: escape[0].lower(), percent)
    return {value, quoted, quoted.replace("/", "\\/"), value.replace("/", "\\/"), percent, lower}
