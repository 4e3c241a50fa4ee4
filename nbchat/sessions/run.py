"""TurnRun: runs one turn from its start to its one exit.

    dialogue (requests, tools) -> output (log, views, checkpoints) -> the end: saved, settled, published

Owns the rule "save, then publish" and the single exit: whatever ends the turn (answer, stop, error, cut, shutdown), the partial
is saved, each request is settled once, and the log gets exactly one end. Must not know about queues or views.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from nbchat.core.cost import UNKNOWN_COST, Cost, Price, sum_cost
from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.core.events import (
    ProviderEvent,
    TurnEnd,
    TurnError,
)
from nbchat.core.messages import Message, MessageStatus
from nbchat.core.requests import RequestRecord, RequestStatus
from nbchat.core.usage import sum_usage
from nbchat.sessions.admission import Admission
from nbchat.sessions.asking import Asking
from nbchat.sessions.dialogue import Dialogue
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.output import TurnOutput
from nbchat.sessions.ports import JobStatus, ModelProvider, Ports, TurnRecord
from nbchat.sessions.toolbox import ToolBox
from nbchat.sessions.turn import Turn

__all__ = ["RunWatcher", "TurnRun"]

_PRICE_SECONDS = {True: 0.1, False: 2.0}
"""How long a turn's end waits for a price that is still being looked up: a stopped turn (True) has 300 ms in all."""
_log = logging.getLogger("nbchat.sessions")


@dataclass(frozen=True, slots=True)
class RunWatcher:
    """Whom a run tells what happens: every provider event, text that is in the log now, what a request came to (it returns the
    conversation's cost with that request in it)."""

    arrived: Callable[[ProviderEvent], None]
    published: Callable[[str], None]
    settled: Callable[[RequestRecord], Cost]


class TurnRun:
    """One turn that has begun (its messages are saved, its job exists). `run()` returns the final answer, never raises."""

    def __init__(
        self,
        turn: Turn,
        asking: Asking,
        ports: Ports,
        *,
        provider: Callable[[], ModelProvider],
        tools: ToolBox,
        estimates: Estimates,
        watcher: RunWatcher,
        admission: Admission,
    ) -> None:
        assert turn.answer is not None
        self._turn = turn
        self._asking = asking
        self._ports = ports
        self._provider = provider
        self._estimates = estimates
        self._watcher = watcher
        self._admission = admission
        self._answer = turn.answer
        self._output = TurnOutput(turn, ports, watcher.published)
        self._stopping = False
        self._closing = False
        self._stream: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None
        self._price: asyncio.Task[Price | None] | None = None
        self._usages = [] if turn.answer.usage is None else [turn.answer.usage]
        self._costs = [] if turn.answer.cost is None else [turn.answer.cost]
        self._total = UNKNOWN_COST
        self._first_token = turn.answer.first_token_seconds
        self._seconds = (turn.answer.seconds or 0.0) - (turn.answer.first_token_seconds or 0.0)
        self._dialogue = Dialogue(
            asking,
            self._output,
            tools,
            ports.clock,
            provider=provider,
            arrived=watcher.arrived,
            settle=self._settle_round,
            admit=lambda parts: admission.admit(parts, tools.specs, self._known_price),
            shorten=lambda parts: admission.shorten(parts, tools.specs),
            callers=turn.callers,
        )

    def stop(self, *, at_once: bool | None = None) -> None:
        """Ask the turn to stop: what came is kept, and the request is closed.

        Where `drain_seconds` is set, the request is read on so long for its usage, without a word more for the answer; a second
        stop closes it. `at_once` True closes it now, False does not end the reading (the same stop, come on another way).
        """
        first, self._stopping = not self._stopping, True
        if self._stream is None:
            return
        seconds = self._ports.drain_seconds()
        if first and not at_once and seconds > 0 and self._dialogue.freeze():
            self._draining = asyncio.create_task(self._drain(seconds))
        elif at_once is not False or not self._dialogue.frozen:
            self._stream.cancel()

    async def _drain(self, seconds: float) -> None:
        """Save the answer as it stays, and give the provider so long to say what it used."""
        assert self._stream is not None
        await self._output.checkpoint()
        await self._ports.clock.sleep(seconds)
        self._stream.cancel()

    def interrupt(self) -> None:
        """The session is closed: end as interrupted, with what came. Idempotent."""
        self._closing = True
        if self._stream is not None:
            self._stream.cancel()

    async def run(self) -> Message:
        """Stream the answer, then settle it, whatever happened. To end it early call `stop` or `interrupt`: cancelling this
        coroutine would cancel the saving too."""
        self._output.start()
        self._estimates.prepare(self._asking.model)
        self._price = asyncio.create_task(self._look_up_price())
        self._stream = asyncio.create_task(self._dialogue.run())
        if self._stopping or self._closing:
            self._stream.cancel()
        await asyncio.wait({self._stream})
        if self._draining is not None:
            self._draining.cancel()
        await self._output.stop()
        self._dialogue.close()
        status, error = self._verdict(self._stream)
        return await self._end(status, error)

    async def _look_up_price(self) -> Price | None:
        """Ahead of the end, and at the same time as the answer: the first look-up may load data or ask for a listing."""
        try:
            return await self._ports.prices.price(self._provider().provider, self._asking.model)
        except ChatError:
            return None
        except Exception:  # whatever is wrong with a price, it must not cost the answer
            _log.exception("a price could not be looked up")
            return None

    async def _known_price(self) -> Price | None:
        assert self._price is not None
        return await asyncio.shield(self._price)

    # ------------------------------------------------------------ money

    async def _settle_round(self, status: RequestStatus) -> None:
        """Settle a request that is not the last one: whatever happens to the turn later, it was made."""
        row = await self._settle(status, _PRICE_SECONDS[False])
        try:
            await self._ports.ledger.settle(row)
        except Exception:
            _log.warning("a request could not be settled", exc_info=True)
        await self._admission.settled(row.cost)

    async def _settle(self, status: RequestStatus, patience: float) -> RequestRecord:
        """Return the ledger's row of the request that ran, and count it; once for each request."""
        assert self._price is not None
        run, provider = self._dialogue.request, self._asking.provider
        estimate = asyncio.create_task(self._estimates.of(run, provider)) if run.needs_estimate else None
        wanted = {self._price} if estimate is None else {self._price, estimate}
        await asyncio.wait(wanted, timeout=patience if run.billed else 0)
        price = self._price.result() if self._price.done() and not self._price.cancelled() else None
        if estimate is None or not estimate.done():
            usage = self._estimates.at_once(run, provider)
            if estimate is not None:
                estimate.cancel()
        else:
            usage = estimate.result()
        settlement = run.settle(price, usage)
        self._dialogue.settled = True
        conversation, notebook = (self._record.conversation, self._asking.conversation), self._ports.notebook()
        row = run.record(self._turn.id, self._answer.id, conversation, provider, status, price, settlement, notebook)
        self._count(row)
        self._estimates.learn(row)
        return row

    def _count(self, row: RequestRecord) -> None:
        run = self._dialogue.request
        self._usages.append(row.usage)
        self._costs.append(row.cost)
        self._total = self._watcher.settled(row)
        if self._first_token is None:
            self._first_token = run.first_token_seconds
        self._seconds += run.streaming_seconds

    # ------------------------------------------------------------ the one exit

    def _verdict(self, stream: asyncio.Task[None]) -> tuple[MessageStatus, ErrorInfo | None]:
        error = None if stream.cancelled() else stream.exception()
        if not self._dialogue.settled:
            self._dialogue.request.failed(error)
        frozen = self._dialogue.frozen  # stopped, whatever came or failed after that
        whole = self._dialogue.request.finish is not None and error is None and not frozen
        if whole and not (stream.cancelled() and self._wants_tools()):
            return "complete", None  # stopped or shut down behind the finish reason, it is whole all the same
        if frozen or (self._stopping and (stream.cancelled() or error is not None)):
            return "stopped", None
        if self._closing or stream.cancelled():
            return "interrupted", ErrorInfo("interrupted", "The kernel was shut down while the answer came.", "Resume goes on.")
        if isinstance(error, ChatError):
            return ("interrupted" if error.kind == "interrupted" else "error"), error.info
        if error is not None:
            _log.error("a turn failed in a way that nbchat did not foresee", exc_info=error)
            text = f"nbchat failed while it read the answer ({type(error).__name__})."
            return "error", ErrorInfo("internal", text, "The log of the kernel has the details; please report it.")
        return "interrupted", ErrorInfo("interrupted", "The answer ended without a finish reason.", "Resume goes on.")

    def _wants_tools(self) -> bool:
        return self._dialogue.settled or bool(self._dialogue.open_calls())

    async def _end(self, status: MessageStatus, error: ErrorInfo | None) -> Message:
        assert self._stream is not None
        assert self._price is not None
        rows: list[RequestRecord] = []
        if not self._dialogue.settled:
            hurried = status != "complete" or self._stream.cancelled()
            rows.append(await self._settle(cast(RequestStatus, status), _PRICE_SECONDS[hurried]))
        self._price.cancel()
        finish = None if self._dialogue.frozen else self._dialogue.request.finish
        message = replace(
            self._answer,
            parts=self._output.content.parts,
            status=status,
            finish_reason=finish.reason if finish is not None else None,
            model=f"{self._asking.provider}/{self._dialogue.request.model}",
            parameters=self._sent(),
            usage=sum_usage(self._usages),
            cost=_sum(self._costs),
            error=error,
            omitted=self._asking.start,
            first_token_seconds=self._first_token,
            seconds=None if self._first_token is None else self._first_token + self._seconds,
        )
        await self._save_end(message, rows)
        await self._admission.settled(rows[0].cost if rows else Cost(Decimal(0)))
        self._turn.answer = message
        try:
            await self._publish_end(message)
        except Exception:  # saved it is, and readers find it there
            _log.exception("the end of a turn could not be published")
        return message

    def _sent(self) -> Mapping[str, Any] | None:
        """The parameters of the answer, None for those that were given but left out: its provider refuses them."""
        left_out = dict.fromkeys(self._dialogue.request.left_out)
        return {**(self._answer.parameters or {}), **left_out} if left_out else self._answer.parameters

    async def _save_end(self, message: Message, rows: Sequence[RequestRecord]) -> None:
        try:
            await self._ports.store.end_turn(self._record, message, rows)
        except Exception:
            _log.warning("the end of a turn could not be saved", exc_info=True)

    async def _publish_end(self, message: Message) -> None:
        turn, ports = self._turn, self._ports
        kind = TurnEnd if message.status in ("complete", "stopped") else TurnError
        checksum = zlib.crc32(message.text.encode("utf-8", "replace"))
        end = kind(turn.id, message.with_parts(()), checksum, self._total)
        await self._output.end(end)
        status: JobStatus = {"complete": "complete", "stopped": "aborted"}.get(message.status, "error")  # type: ignore[assignment]
        changes: dict[str, Any] = {"status": status, "completed_at": ports.clock.time(), "final_event": end}
        if message.error is not None:
            changes["error"] = message.error.text
        await ports.jobs.update_job(turn.id, turn.generation, **changes)

    @property
    def _record(self) -> TurnRecord:
        assert self._turn.record is not None
        return self._turn.record


def _sum(costs: Sequence[Cost]) -> Cost:
    return costs[0] if len(costs) == 1 else sum_cost(costs)  # a single one with its source
