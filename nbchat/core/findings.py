"""Finding: one fact of how things stand here, and what to do about it. A value; where it is shown is others' matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State"]

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: how it stands, what about (a word or two), one sentence, and what to do unless it is "ok"."""

    state: State
    about: str
    text: str
    hint: str = ""
