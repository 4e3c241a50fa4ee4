"""Pace: what the moments at which an answer's pieces arrived say about the way that they took. Pure.

A server that streams sends each piece (a server-sent event of some letters) when the model has said it. A proxy that buffers
keeps them and lets them go together: at the end, or each time that its buffer is full (nginx: `proxy_buffers`, 4 or 8 kB each).
So pieces count that came together after a silence. That is no proof: a model may be so fast, hence the rule is on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Arrival", "Burst", "Verdict", "bursts_of", "judge"]

Arrival: TypeAlias = tuple[float, int]
"""When (seconds since the request left), and how many server-sent events came at that moment."""

Verdict = Literal["streams", "held", "whole", "few", "busy"]
"""It streams; it is held back; it is no stream at all; too few pieces to tell; this process was too busy to tell."""

_WINDOW = 0.02
"""Seconds: what arrives within is one burst. Of a model with 300 tokens a second no more than six come in that time."""
_BURST = 6
_SILENCE = 0.25
"""Seconds before a later burst: shorter pauses are a jittery network, or a server that sends some tokens at a time; both look
well on a screen."""
_FIRST = 1.0
"""Seconds before the first burst, which every answer has: the model reads, or is loaded."""
_SHARE = 0.6
"""Of all events; the rest of one release may be a round trip behind (TCP begins with ten segments, some 14 kB)."""
_LATE = 0.05
"""Seconds by which this process may be late and still see how pieces come."""
_WHOLE = 0.95
_FASTEST = 600
"""Tokens a second: what a model may say in the time that this process was late, after it had thought for long."""
_FEW = 12
"""Fewer events say nothing: some providers send an answer of a hundred letters in three pieces."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Events that arrived within 20 ms: when the first came, how many, and how long nothing had come before."""

    at: float
    events: int
    silence: float


def bursts_of(arrivals: Sequence[Arrival]) -> list[Burst]:
    """Return the bursts of arrivals, which are in the order of time."""
    bursts: list[Burst] = []
    last = 0.0
    for at, events in arrivals:
        if bursts and at - bursts[-1].at <= _WINDOW:
            bursts[-1] = Burst(bursts[-1].at, bursts[-1].events + events, bursts[-1].silence)
        else:
            bursts.append(Burst(at, events, at - last))
        last = at
    return bursts


def judge(arrivals: Sequence[Arrival], lag: float = 0.0) -> Verdict:
    """Say what the arrivals of an answer that came whole mean; `lag` is the longest that this process was late meanwhile."""
    if not arrivals:
        return "whole"
    total = sum(events for _, events in arrivals)
    if total < _FEW:
        return "few"
    first, *later = bursts_of(arrivals)
    others = max(total - first.events, _FEW)
    if not (_is_held([first], total, _FIRST) or _is_held(later, others, _SILENCE)):
        return "streams"
    # What came while this process was late came at one moment, to it. Would it be held back all the same?
    share = _SHARE if lag < _LATE else _WHOLE
    sure = lag <= total / _FASTEST and _is_held([first], total, _FIRST, share)
    return "held" if sure or _is_held(later, others, _SILENCE + lag) else "busy"


def _is_held(bursts: Sequence[Burst], total: int, silence: float, share: float = _SHARE) -> bool:
    """Whether that share of `total` events came in large bursts, each after a silence."""
    return sum(each.events for each in bursts if each.events >= _BURST and each.silence >= silence) >= share * total
