"""A stream folded whole: the answer, and what is said of the request that it answers (which a session keeps by request)."""

from __future__ import annotations

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.events import Event, Finish, UsageReport

__all__ = ["WholeFold"]


class WholeFold(TurnAccumulator):
    """The answer's content, the last usage report and the last finish reason."""

    def __init__(self) -> None:
        super().__init__()
        self.report: UsageReport | None = None
        self.finish: Finish | None = None

    def apply(self, event: Event) -> None:
        super().apply(event)
        if isinstance(event, UsageReport):
            self.report = event
        elif isinstance(event, Finish):
            self.finish = event
