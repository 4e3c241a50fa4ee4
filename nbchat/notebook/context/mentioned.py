"""Mentioned: from a question to what goes along with it. The one way, whoever asks: a chip, a dry run, or the question itself.

Owns the time that is waited in all, and what is said of a value that cannot be described. On the background loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nbchat.core.attachments import attachment_tokens
from nbchat.core.errors import UsageError
from nbchat.core.mentions import mentions
from nbchat.core.messages import Attachment, ImagePart
from nbchat.notebook.context import LEAST
from nbchat.notebook.context.describing import describe, fitted
from nbchat.notebook.context.names import Found, Names
from nbchat.notebook.context.patience import Job, Late, finished

__all__ = ["PATIENCE", "Mentioned", "attached_to", "described", "mentioned_in"]

PATIENCE: Final = 3.0
"""Seconds that all values of one question may take."""
_MOST: Final = 20
"""Names of one question."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A name of a question, with its @, and what goes along for it. `note` says what kept it from being described, or ""."""

    name: str
    kind: str
    attachments: tuple[Attachment, ...]
    note: str = ""

    @property
    def tokens(self) -> int:
        """What it comes to, about."""
        return sum(map(attachment_tokens, self.attachments))

    @property
    def digest(self) -> str:
        """Tells whether it is the same that was shown before."""
        told = hashlib.sha256()
        for part in self.attachments:
            told.update((part.url if isinstance(part, ImagePart) else part.text).encode("utf-8", "replace"))
        return told.hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """What a page is told of it."""
        picture = next((part for part in self.attachments if isinstance(part, ImagePart)), None)
        row = {"name": self.name, "kind": self.kind, "tokens": self.tokens, "digest": self.digest}
        size = {} if picture is None else {"size": f"{picture.width:,} × {picture.height:,}"}
        return {**row, **size, **({"note": self.note} if self.note else {})}


async def mentioned_in(
    text: str, names: Names | None, sleep: Callable[[float], Awaitable[None]], *, literal: Iterable[str] = ()
) -> tuple[Mentioned, ...]:
    """Return what the names in a question stand for, in order, but for those that are to stay text (`literal`).

    Raises UsageError where they are too many.
    """
    if names is None or "@" not in text:
        return ()
    kept = set(literal)
    found = {name: what for name in mentions(text) if name not in kept and (what := names.find(name[1:])) is not None}
    if len(found) > _MOST:
        raise UsageError(
            f"The question mentions {len(found)} values of the notebook, and {_MOST} are the most.",
            hint=r"Write \@name for a name that is to stay text, or put it between backticks.",
        )
    return await described(found, max(names.allowance, LEAST), sleep)


async def described(
    found: Mapping[str, Found], allowance: int, sleep: Callable[[float], Awaitable[None]]
) -> tuple[Mentioned, ...]:
    """Describe values by their names ("@df"), each in at most `allowance` tokens; one that cannot be is named."""
    jobs = [Job(what.value, partial(describe, name, what.value, allowance)) for name, what in found.items()]
    results = await finished(jobs, sleep(PATIENCE)) if jobs else []
    told = zip(found.items(), results, strict=True)
    return tuple(_mentioned(name, what, result, allowance) for (name, what), result in told)


def _mentioned(name: str, what: Found, result: Any, allowance: int) -> Mentioned:
    if isinstance(result, tuple):
        return Mentioned(name, what.kind, result)
    late = isinstance(result, Late)
    note = "takes too long to describe" if late else f"cannot be described ({type(result).__name__})"
    return Mentioned(name, what.kind, (fitted(name, f"{what.kind}: it {note}.", allowance),), note)


def attached_to(found: Iterable[Mentioned], files: Iterable[Attachment] = ()) -> tuple[Attachment, ...]:
    """Return what goes with the question: what it mentions, then files."""
    return (*(part for each in found for part in each.attachments), *files)
