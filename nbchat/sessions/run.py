r"""TurnRun: runs one turn from its start to its one exit.

    provider -> events -> accumulator + coalescer -> log (<= 30 Hz) -> views
                                   \-> checkpoints (<= 500 ms behind) -> store

Owns the rule "save, then publish" and the single exit: whatever ends the turn (answer, stop, error, cut, shutdown), the
partial is saved, the request is settled once, and the log gets exactly one end. Must not know about queues or views.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from nbchat.core.accumulator import TurnAccumulator
from nbchat.core.coalesce import Coalescer
from nbchat.core.cost import Cost, Price
from nbchat.core.errors import ChatError, ErrorInfo, ProviderError
from nbchat.core.events import Event, ProviderEvent, ReasoningDelta, RequestSent, Retry, TextDelta, TurnEnd, TurnError
from nbchat.core.messages import Message, MessageStatus
from nbchat.core.requests import ModelRequest, RequestRecord, RequestStatus
from nbchat.sessions.ports import JobStatus, ModelProvider, Ports, TurnRecord
from nbchat.sessions.settle import settle
from nbchat.sessions.turn import Turn

__all__ = ["TurnRun"]

_CHECKPOINT_SECONDS = 0.25
"""Half of the promised 500 ms, so that a slow commit still keeps it."""
_PRICE_SECONDS = {True: 0.1, False: 2.0}
"""How long a turn's end waits for a price that is still being looked up: a stopped turn (True) has 300 ms in all."""
_log = logging.getLogger("nbchat.sessions")


class TurnRun:
    """One turn that has begun (its messages are saved, its job exists). `run()` returns the final answer, never raises."""

    def __init__(
        self,
        turn: Turn,
        request: ModelRequest,
        ports: Ports,
        *,
        provider: Callable[[], ModelProvider],
        provider_id: str,
        conversation_name: str,
        arrived: Callable[[ProviderEvent], None],
        published: Callable[[str], None],
        total: Callable[[Cost], Cost],
    ) -> None:
        self._turn = turn
        self._request = request
        self._ports = ports
        self._provider = provider
        self._provider_id = provider_id
        self._conversation_name = conversation_name
        self._arrived = arrived
        self._published = published
        self._total = total
        self._content = turn.content
        self._coalescer = Coalescer()
        self._unsaved: list[Event] = []
        self._dirty = asyncio.Event()
        self._billed = False
        self._stopping = False
        self._closing = False
        self._started = ports.clock.time()
        self._began = ports.clock.monotonic()
        self._first_token: float | None = None
        self._stream: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Ask the turn to stop: the request is closed and what came is kept. Idempotent."""
        self._stopping = True
        if self._stream is not None:
            self._stream.cancel()

    def interrupt(self) -> None:
        """The session is closed: end as interrupted, with what came. Idempotent."""
        self._closing = True
        if self._stream is not None:
            self._stream.cancel()

    async def run(self) -> Message:
        """Stream the answer, then settle it, whatever happened. To end it early call `stop` or `interrupt`: cancelling this
        coroutine would cancel the saving too."""
        helpers = [asyncio.create_task(self._publish()), asyncio.create_task(self._save())]
        price = asyncio.create_task(self._look_up_price())
        self._stream = asyncio.create_task(self._consume())
        if self._stopping or self._closing:
            self._stream.cancel()
        await asyncio.wait({self._stream})
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        status, error = self._verdict(self._stream)
        hurried = status != "complete" or self._stream.cancelled()
        await asyncio.wait({price}, timeout=_PRICE_SECONDS[hurried] if self._billed else 0)
        price.cancel()
        return await self._end(status, error, price.result() if price.done() and not price.cancelled() else None)

    async def _look_up_price(self) -> Price | None:
        """Ahead of the end, and at the same time as the answer: the first look-up may load data or ask for a listing."""
        try:
            return await self._ports.prices.price(self._provider().provider, self._request.model)
        except ChatError:
            return None
        except Exception:  # whatever is wrong with a price, it must not cost the answer
            _log.exception("a price could not be looked up")
            return None

    # ------------------------------------------------------------ while it streams

    async def _consume(self) -> None:
        stream = self._provider().stream(self._request)
        try:
            async for batch in stream:
                for event in batch:
                    self._take(event)
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    def _take(self, event: ProviderEvent) -> None:
        if isinstance(event, RequestSent):
            self._billed = True
            return
        if isinstance(event, Retry):
            self._billed = False  # only what was refused, or never arrived, is sent again
        if isinstance(event, TextDelta | ReasoningDelta):
            if self._first_token is None:
                self._first_token = self._ports.clock.monotonic() - self._began
            self._unsaved.append(event)
        self._content.apply(event)
        self._coalescer.add(event)
        self._arrived(event)
        self._dirty.set()

    async def _publish(self) -> None:
        clock = self._ports.clock
        while True:
            await self._dirty.wait()
            due = self._coalescer.due_in(clock.monotonic())
            if due is None:
                self._dirty.clear()
            elif due > 0:
                await clock.sleep(due)
            else:
                await self._append(self._coalescer.take(clock.monotonic()))

    async def _append(self, events: list[Event]) -> None:
        await self._ports.log.append(self._turn.id, self._turn.generation, events)
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        if text:
            self._published(text)

    async def _save(self) -> None:
        clock, last = self._ports.clock, -1.0
        while True:
            await clock.sleep(_CHECKPOINT_SECONDS)
            if self._unsaved:
                events, self._unsaved = self._unsaved, []
                pieces = TurnAccumulator()
                for event in events:
                    pieces.apply(event)
                try:
                    await self._ports.store.checkpoint(self._record, pieces.parts)
                except Exception:  # the end will say it; the text itself is kept in memory
                    if last < 0:
                        _log.warning("a checkpoint could not be saved", exc_info=True)
                        last = clock.monotonic()

    # ------------------------------------------------------------ the one exit

    def _verdict(self, stream: asyncio.Task[None]) -> tuple[MessageStatus, ErrorInfo | None]:
        error = None if stream.cancelled() else stream.exception()
        came = self._content.characters > 0 or self._content.report is not None
        if isinstance(error, ProviderError) and (error.status or 0) >= 400 and not came:
            self._billed = False  # refused: nobody bills a 401 or a 503; an error in mid-answer takes no token back
        if self._content.finish is not None and error is None:
            return "complete", None  # stopped or shut down behind the finish reason, it is whole all the same
        if self._stopping and (stream.cancelled() or error is not None):
            return "stopped", None
        if self._closing or stream.cancelled():
            return "interrupted", ErrorInfo("interrupted", "The kernel was shut down while the answer came.", "Ask again.")
        if isinstance(error, ChatError):
            return ("interrupted" if error.kind == "interrupted" else "error"), error.info
        if error is not None:
            _log.error("a turn failed in a way that nbchat did not foresee", exc_info=error)
            text = f"nbchat failed while it read the answer ({type(error).__name__})."
            return "error", ErrorInfo("internal", text, "The log of the kernel has the details; please report it.")
        return "interrupted", ErrorInfo("interrupted", "The answer ended without a finish reason.", "Ask again.")

    async def _end(self, status: MessageStatus, error: ErrorInfo | None, price: Price | None) -> Message:
        turn, ports = self._turn, self._ports
        ended = self._content.finish is not None
        settlement = settle(self._content, self._request.messages, price, billed=self._billed, ended=ended)
        answer = turn.answer
        assert answer is not None
        finish = self._content.finish
        message = replace(
            answer,
            parts=self._content.parts,
            status=status,
            finish_reason=finish.reason if finish is not None else None,
            model=self._model_label(),
            usage=settlement.usage,
            cost=settlement.cost,
            error=error,
        )
        report = self._content.report
        row = RequestRecord(
            id=self._request.id,
            conversation=self._record.conversation,
            conversation_name=self._conversation_name,
            turn=turn.id,
            message=message.id,
            purpose="answer",
            provider=self._provider_id,
            model=self._content.model or self._request.model,
            status=cast(RequestStatus, status),
            started=self._started,
            ended=ports.clock.time(),
            usage=settlement.usage,
            cost=settlement.cost,
            price=price,
            raw_usage=None if report is None else report.raw,
            first_token_seconds=self._first_token,
        )
        await self._save_end(message, row)
        turn.answer = message
        try:
            await self._publish_end(message, self._total(settlement.cost))
        except Exception:  # saved it is, and readers find it there
            _log.exception("the end of a turn could not be published")
        return message

    async def _save_end(self, message: Message, row: RequestRecord) -> None:
        try:
            await self._ports.store.end_turn(self._record, message, [row])
        except Exception:
            _log.warning("the end of a turn could not be saved", exc_info=True)

    async def _publish_end(self, message: Message, total: Cost) -> None:
        turn, ports = self._turn, self._ports
        kind = TurnEnd if message.status in ("complete", "stopped") else TurnError
        checksum = zlib.crc32(message.text.encode("utf-8", "replace"))
        end = kind(turn.id, message.with_parts(()), checksum, total)
        await self._append([*self._coalescer.take(ports.clock.monotonic()), end])
        status: JobStatus = {"complete": "complete", "stopped": "aborted"}.get(message.status, "error")  # type: ignore[assignment]
        changes: dict[str, Any] = {"status": status, "completed_at": ports.clock.time(), "final_event": end}
        if message.error is not None:
            changes["error"] = message.error.text
        await ports.jobs.update_job(turn.id, turn.generation, **changes)

    def _model_label(self) -> str:
        return f"{self._provider_id}/{self._content.model or self._request.model}"

    @property
    def _record(self) -> TurnRecord:
        assert self._turn.record is not None
        return self._turn.record
