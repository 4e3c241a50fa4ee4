"""Attachments as a page sends them: read, checked by their content and bounded. Nothing that a page says of them is believed.

Owns the form on the wire ("send"); what may be attached is `core/attachments.py`'s matter.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from nbchat.core.attachments import attached, check_sum
from nbchat.core.errors import UsageError
from nbchat.core.messages import Attachment, ImagePart

__all__ = ["read_attachments"]

_MOST = 50


def read_attachments(given: Any) -> tuple[Attachment, ...]:
    """Return what goes with a question, in order; `given` is the list of the wire, or None.

    Raises UsageError for what is no such list, and for what cannot be attached.
    """
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST:
        raise UsageError("The page attached what nbchat does not understand.", hint="Reload the page, and attach it again.")
    return check_sum(_read(each) for each in given)


def _read(given: Any) -> Attachment:
    kind, name, data = (given.get(field) for field in ("kind", "name", "data")) if isinstance(given, dict) else (None,) * 3
    if kind not in ("image", "text") or not isinstance(name, str) or not isinstance(data, str):
        raise UsageError("The page attached what nbchat does not understand.", hint="Reload the page, and attach it again.")
    found = attached(name, _bytes(data) if kind == "image" else data.encode("utf-8", "replace"))
    if isinstance(found, ImagePart) != (kind == "image"):
        raise UsageError(f"{name!r:.80} is not what the page says it is.", hint="Attach it again.")
    return found


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("A picture did not come whole from the page.", hint="Attach it again.") from None
