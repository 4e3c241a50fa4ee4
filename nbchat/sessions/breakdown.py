"""Breakdown: what a conversation used and cost, taken apart by model and by purpose; and what its context holds.

Owns the sums and shares; the rows are the ledger's, the size is the outlook's. Figures of different certainty are never hidden in
one: each sum says how certain it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbchat.core.cost import Cost, format_cost, sum_cost
from nbchat.core.messages import FilePart, ImagePart, Message, Part
from nbchat.core.requests import RequestRecord
from nbchat.core.tools import ToolSpec
from nbchat.core.usage import Usage, sum_usage
from nbchat.sessions.size import characters_of

__all__ = ["Breakdown", "Share", "breakdown_of", "context_shares"]


@dataclass(frozen=True, slots=True)
class Share:
    """Some of a conversation's requests: `name` is what they have in common, `failed` how many of them ended in an error."""

    name: str
    requests: int
    failed: int
    usage: Usage
    cost: Cost

    def to_json(self) -> dict[str, Any]:
        """Return it for a view; money as people read it."""
        return {
            "name": self.name,
            "requests": self.requests,
            "failed": self.failed,
            "usage": self.usage.to_json(),
            "cost": format_cost(self.cost),
            "certainty": self.cost.certainty,
        }


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All requests of a conversation, every branch and helper call, and the same by model ("provider/model") and by purpose
    (`core/requests.py`), the most expensive first."""

    all: Share
    models: tuple[Share, ...]
    purposes: tuple[Share, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it for a view."""
        parts = {"models": self.models, "purposes": self.purposes}
        return {"all": self.all.to_json(), **{name: [each.to_json() for each in found] for name, found in parts.items()}}


def breakdown_of(rows: Sequence[RequestRecord]) -> Breakdown:
    """Return the sums of a conversation's rows."""
    models = _shares(rows, lambda row: f"{row.provider}/{row.model}")
    return Breakdown(_share("", rows), models, _shares(rows, lambda row: row.purpose))


def _shares(rows: Iterable[RequestRecord], key: Callable[[RequestRecord], str]) -> tuple[Share, ...]:
    groups: dict[str, list[RequestRecord]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    found = [_share(name, group) for name, group in groups.items()]
    return tuple(sorted(found, key=lambda share: (-(share.cost.amount or 0), -share.requests, share.name)))


def _share(name: str, rows: Sequence[RequestRecord]) -> Share:
    failed = sum(row.status == "error" for row in rows)
    return Share(name, len(rows), failed, sum_usage(row.usage for row in rows), sum_cost(row.cost for row in rows))


def context_shares(sent: Sequence[Message], tools: Sequence[ToolSpec], tokens: int) -> dict[str, int]:
    """Return what the `tokens` of a request come from: "system", "tools", "images", "files" and "messages", in whole tokens that
    add up.

    Nobody reports more than the sum: it is shared out by characters, as it was estimated (`size.py`).
    """
    system = [message for message in sent if message.role == "system"]
    others = [message for message in sent if message.role != "system"]
    characters = {
        "system": characters_of(system),
        "tools": characters_of((), tools),
        "images": characters_of(_only(others, ImagePart)),
        "files": characters_of(_only(others, FilePart)),
    }
    characters["messages"] = characters_of(others) - characters["images"] - characters["files"]
    return _shared_out(tokens, characters)


def _only(messages: Sequence[Message], kind: type[Part]) -> list[Message]:
    return [message.with_parts([part for part in message.parts if isinstance(part, kind)]) for message in messages]


def _shared_out(tokens: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers in these proportions whose sum is `tokens`; what is left over goes to those that lost most by rounding."""
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    exact = {name: divmod(tokens * weight, whole) for name, weight in weights.items()}
    found = {name: share for name, (share, _) in exact.items()}
    by_rest = sorted(exact, key=lambda name: -exact[name][1])
    for name in by_rest[: tokens - sum(found.values())]:
        found[name] += 1
    return found
