"""Estimates: what a request may have used, where its provider did not say: after a stop, a cut, or from servers that never count.

In this order: a tokenizer that is really this model's and loaded by now, else the ratio of characters to tokens that this model's
own reported requests show, else four characters a token. Never anything but "estimated" ("partial" where images went along, which
nobody here can count). Owns that order and the session's memory of ratios; what it then costs is `settle`'s matter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nbchat.core.calibration import Calibration
from nbchat.core.requests import RequestRecord
from nbchat.core.usage import Usage
from nbchat.sessions.ports import Ports
from nbchat.sessions.request_run import RequestRun

__all__ = ["Estimates"]

_PER_MESSAGE = 3
"""Tokens around each message, and before the answer, in the chats of OpenAI's models (OpenAI cookbook, "How to count tokens with
tiktoken")."""
_log = logging.getLogger("nbchat.sessions")


class Estimates:
    """The estimates of one session. On the background loop."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._known: dict[tuple[str, str], Calibration] = {}

    def prepare(self, model: str) -> None:
        """A request to this model begins: load its tokenizer, if there is one, while there is time."""
        if self._ports.tokens is not None:
            self._ports.tokens.prepare(model)

    async def of(self, run: RequestRun, provider: str) -> Usage:
        """Return what a request may have used of what was not counted: of its input unless that was reported, and of the answer
        what came after the last report. Never raises."""
        try:
            counts = await self._counted(run)
            if counts is not None:
                return counts
            calibration = await self.calibration(provider, run.model)
        except Exception:
            _log.warning("a request could not be estimated from its model's history", exc_info=True)
            calibration = Calibration()
        return _by_ratio(run, calibration)

    def at_once(self, run: RequestRun, provider: str) -> Usage:
        """Return the estimate that needs nothing to be waited for."""
        return _by_ratio(run, self._known.get((provider, run.model), Calibration()))

    def learn(self, record: RequestRecord) -> None:
        """Note a request that was settled. (Of a model that was not estimated yet the ledger will know.)"""
        key = (record.provider, record.model)
        if key in self._known:
            self._known[key] += Calibration.of(record.usage, record.input_characters, record.output_characters)

    async def calibration(self, provider: str, model: str) -> Calibration:
        """Return what is known of a model's characters and tokens; asks the ledger once."""
        key = (provider, model)
        if key not in self._known:
            self._known[key] = await self._ports.ledger.calibration(provider, model)
        return self._known[key]

    async def _counted(self, run: RequestRun) -> Usage | None:
        """What the model's own tokenizer says; None where there is none at hand."""
        if self._ports.tokens is None:
            return None
        asked: Sequence[str] = () if run.input_reported else run.request.texts
        counts = await self._ports.tokens.count(run.model, [*asked, run.uncounted])
        if counts is None:
            return None
        around = 0 if run.input_reported else _PER_MESSAGE * (len(run.request.messages) + 1)
        return _estimate(run, sum(counts[:-1]) + around, counts[-1])


def _by_ratio(run: RequestRun, calibration: Calibration) -> Usage:
    asked = 0 if run.input_reported else sum(map(len, run.request.texts))
    return _estimate(run, calibration.input(asked), calibration.output(len(run.uncounted)))


def _estimate(run: RequestRun, source: int, answer: int) -> Usage:
    unseen = run.request.has_images and not run.input_reported
    return Usage(source, output_tokens=answer, certainty="partial" if unseen else "estimated")
