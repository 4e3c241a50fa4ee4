"""Token counts of one or many requests, and how certain they are.

Owns the invariants: cached is a subset of input, reasoning a subset of output; unknown is None, never 0.
Must not know how any provider spells its counts (providers normalise) nor what a token costs (`cost`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Certainty", "Usage", "sum_usage", "weakest"]

Certainty = Literal["reported", "estimated", "partial", "unknown"]
_PARTS = {
    "cached_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "input_audio_tokens": "input_tokens",
    "input_image_tokens": "input_tokens",
    "reasoning_tokens": "output_tokens",
    "output_audio_tokens": "output_tokens",
    "output_image_tokens": "output_tokens",
}
_RARE = frozenset({"input_audio_tokens", "input_image_tokens", "output_audio_tokens", "output_image_tokens"})
_ORDER: tuple[Certainty, ...] = ("reported", "estimated", "partial", "unknown")


def weakest(certainties: Iterable[Certainty]) -> Certainty:
    """Return the least certain of the given ones; "reported" for none.

    A sum in which something, but not everything, is unknown is "partial".
    """
    found = set(certainties)
    if "unknown" in found and len(found) > 1:
        return "partial"
    return max(found, key=_ORDER.index, default="reported")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens billed for one request (or a sum of requests); None means that nobody said.

    `cached_tokens`, `cache_write_tokens`, `input_audio_tokens` and `input_image_tokens` are parts of `input_tokens`;
    `reasoning_tokens`, `output_audio_tokens` and `output_image_tokens` are parts of `output_tokens`. Raises ValueError for
    negative counts and for a part that is larger than its whole. `certainty` is "reported" (the provider's count), "estimated",
    "partial" (of a sum: some is not known) or "unknown".
    """

    input_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    certainty: Certainty = "reported"
    input_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("input_tokens", "output_tokens"):
            _check_count(name, getattr(self, name))
        for part, whole in _PARTS.items():
            if getattr(self, part) is not None:  # most are not known, and a ledger has many rows
                _check_part(self, part, whole)

    @property
    def total_tokens(self) -> int | None:
        """Input plus output, or None when either is unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a JSON object with the field names of this class; sound and images only where they are known."""
        return {name: count for name, count in asdict(self).items() if count is not None or name not in _RARE}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Usage:
        """Return the usage that `to_json` made; unknown fields are ignored."""
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


def _check_count(name: str, count: int | None) -> None:
    if count is not None and count < 0:
        raise ValueError(f"{name} is {count}: token counts are never negative")


def _check_part(usage: Usage, part: str, whole: str) -> None:
    small, large = getattr(usage, part), getattr(usage, whole)
    _check_count(part, small)
    if large is not None and small > large:
        raise ValueError(f"{part}={small} is more than {whole}={large}, of which it is a part")


def sum_usage(usages: Iterable[Usage | None]) -> Usage:
    """Add the usages of many requests; one that lacks its input or output makes the sum "partial", or "unknown" if all do.

    A part whose whole is unknown is left out, so that the sum keeps the invariants. The sum of nothing is zero.
    """
    given = [Usage() if u is None else u for u in usages]
    if not given:
        return Usage(0, 0, 0, 0, 0)

    def total(name: str, whole: str) -> int | None:
        counts = [n for u in given if getattr(u, whole) is not None and (n := getattr(u, name)) is not None]
        return sum(counts) if counts else None

    return Usage(
        input_tokens=total("input_tokens", "input_tokens"),
        output_tokens=total("output_tokens", "output_tokens"),
        certainty=weakest(_certainty(u) for u in given),
        **{part: total(part, whole) for part, whole in _PARTS.items()},
    )


def _certainty(usage: Usage) -> Certainty:
    """How far a request's counts can be relied on as a summand."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return "unknown"
    return usage.certainty if usage.total_tokens is not None else weakest((usage.certainty, "partial"))
