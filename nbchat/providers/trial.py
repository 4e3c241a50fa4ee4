"""Trial: one small question to a model, streamed, timed and settled in the ledger as a "check"; and what came of it, in words.

Owns the question and its price's bound. Goes the way of every question (`Endpoint.stream`), so what it finds is what people get.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from decimal import Decimal

from nbchat.core.cost import Cost, format_cost
from nbchat.core.errors import ChatError, ConfigError, ProviderError, UsageError
from nbchat.core.events import Loading, RequestSent, Retry
from nbchat.core.findings import Finding
from nbchat.core.ids import new_id
from nbchat.core.messages import Message, TextPart
from nbchat.core.price import Price, format_price
from nbchat.core.requests import ModelRequest, RequestStatus
from nbchat.core.usage import Usage
from nbchat.providers.endpoint import Endpoint
from nbchat.providers.lag import Lag
from nbchat.providers.pace import Arrival, bursts_of, judge
from nbchat.providers.urls import is_loopback, origin
from nbchat.sessions.admission import admit_helper
from nbchat.sessions.budget import Budgets
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.ports import Ports
from nbchat.sessions.request_run import RequestRun
from nbchat.sessions.tasks import within

__all__ = ["Trial"]

_QUESTION = "Count from 1 to 40, one number a line."
"""Some 80 tokens of answer: enough pieces to see how they come, and a fraction of a cent even where a million costs $30."""
_MOST_TOKENS = 150
_PRICE_SECONDS = 5.0
_PATIENCE = 2.0
"""Seconds that a repeated attempt is waited for."""
_FEWEST_MOMENTS = 3
"""A quick answer that came at fewer moments may have been held back for that long, or not at all."""
_RECORD = ("", "%nbchat doctor")


class Trial:
    """One question to `model`; `error` is what went wrong, None for an answer that came whole."""

    def __init__(self, endpoint: Endpoint, ports: Ports, budgets: Budgets, model: str) -> None:
        message = Message(new_id(), "user", (TextPart(_QUESTION),))
        self.run = RequestRun(ModelRequest(new_id(), model, (message,), {"max_tokens": _MOST_TOKENS}), "check", ports.clock)
        self.error: ChatError | None = None
        self.arrivals: list[Arrival] = []
        self.price: Price | None = None
        self.lag = Lag()
        """How late this process was while the answer came."""
        self._endpoint = endpoint
        self._ports = ports
        self._budgets = budgets
        self._sent = ports.clock.monotonic()
        self._settled: tuple[Usage, Cost] | None = None
        self._ledger_error: ChatError | None = None
        self._loading: Loading | None = None

    async def ask(self, seconds: float) -> None:
        """Ask, and settle what it came to, also when this is cancelled. Raises nothing that a provider can cause."""
        status: RequestStatus = "stopped"
        await self._look_up_price()  # before: loading a price table takes time, and time is what is looked at
        try:
            await self._admit()
        except ChatError as error:
            self.error = error
            return
        try:
            async with self.lag:
                await within(seconds, self._stream())
            status = "complete"
        except ChatError as error:
            self.error = error.with_traceback(None)
            self.run.failed(error)
            status = "interrupted" if error.kind == "interrupted" else "error"
        except TimeoutError:
            self.error = self._late(seconds)
        finally:
            self.run.end()
            if not isinstance(self.error, (ConfigError, UsageError)):  # those are raised before anything is sent
                await asyncio.shield(asyncio.get_running_loop().create_task(self._settle(status)))
            self._budgets.release(self.run.request.id)

    async def _stream(self) -> None:
        clock = self._ports.clock

        def arrived(events: int) -> None:
            self.arrivals.append((clock.monotonic() - self._sent, events))

        async with aclosing(self._endpoint.stream(self.run.request, arrived=arrived)) as batches:
            async for batch in batches:
                for event in batch:
                    self.run.take(event)
                    if isinstance(event, RequestSent):
                        self._sent = clock.monotonic()
                        self.arrivals.clear()
                    elif isinstance(event, Loading):
                        self._loading = event
                    elif isinstance(event, Retry) and event.delay > _PATIENCE:
                        hint = f"It could be sent again in {event.delay:.0f} s; this check does not wait."
                        raise ProviderError(event.reason, kind="server", hint=hint)

    def _late(self, seconds: float) -> ProviderError:
        """What it means that no whole answer came: a model that is being loaded, where the server says so."""
        if self._loading is not None and self.run.first_token_seconds is None:
            progress = "" if self._loading.progress is None else f", {self._loading.progress:.0%}"
            text = f"The server was still loading the model after {seconds:.0f} s{progress}."
            return ProviderError(text, kind="timeout", hint="Look again in a moment: large models take minutes.", code="loading")
        hint = "A model that is being loaded takes its time: try again. Else the server hangs, or is too slow for this check."
        return ProviderError(f"No whole answer came within {seconds:.0f} s.", kind="timeout", hint=hint)

    async def _admit(self) -> None:
        """Pass the budgets, as every question has to (but a conversation's: this is in none)."""
        provider, request = self._endpoint.provider.id, self.run.request
        calibration = await self._ports.ledger.calibration(provider, request.model)
        house = (self._ports, self._budgets, calibration)
        await admit_helper(request, provider, self.price, replace(self._budgets.limits(), session=None), house)

    async def _look_up_price(self) -> None:
        with suppress(TimeoutError):
            self.price = await within(_PRICE_SECONDS, self._known_price())

    async def _known_price(self) -> Price | None:
        return await self._ports.prices.price(self._endpoint.provider, self.run.request.model)

    async def _settle(self, status: RequestStatus) -> None:
        provider, run = self._endpoint.provider, self.run
        estimates = Estimates(self._ports)
        counts = await estimates.of(run, provider.id) if run.needs_estimate else estimates.at_once(run, provider.id)
        settlement = run.settle(self.price, counts)
        row = run.record("", "", _RECORD, provider.id, status, self.price, settlement, self._ports.notebook())
        try:
            await self._ports.ledger.settle(row)
        except ChatError as error:
            self._ledger_error = error
        else:
            self._settled = settlement.usage, settlement.cost

    # ------------------------------------------------------------ in words

    def findings(self, between: str) -> list[Finding]:
        """Return what came of it. `between` is what the server, and those before it, call themselves."""
        found = [self._answer()]
        if self.error is None:
            found += [self._streaming(between), self._usage(), self._price()]
        return found + self._ledger()

    def _answer(self) -> Finding:
        run = self.run
        if self.error is not None:
            hint = _COMPRESSED if "compressed data" in self.error.text else self.error.hint
            loads = isinstance(self.error, ProviderError) and self.error.code == "loading"
            return Finding("note" if loads else "wrong", "answer", f"{run.request.model}: {self.error.text}", hint)
        first = run.first_token_seconds
        if first is None:
            reason = "" if run.finish is None or run.finish.reason is None else f" (finish reason {run.finish.reason})"
            hint = "A model that reasons in secret may have used up the check's few tokens: a real question shows."
            return Finding("note", "answer", f"{run.request.model} answers, but without a word{reason}", hint)
        return Finding(
            "ok", "answer", f"{run.model}: first token after {first:.1f} s, all after {first + run.streaming_seconds:.1f} s"
        )

    def _streaming(self, between: str) -> Finding:
        bursts = bursts_of(self.arrivals)
        pieces, times = sum(each.events for each in bursts), len(bursts)
        seconds = self.arrivals[-1][0] if self.arrivals else 0.0
        verdict = judge(self.arrivals, self.lag.worst)
        if verdict == "whole":
            text = "the server answers in one piece, although a stream was asked for"
            return Finding(
                "wrong",
                "streaming",
                text,
                "Answers appear only when they are complete. Look for the server's setting, or use another.",
            )
        if verdict == "few":
            return Finding(
                "ok", "streaming", f"the answer came in {pieces} pieces, too few to tell whether anything holds them back"
            )
        if verdict == "streams" and times < _FEWEST_MOMENTS:
            text = f"all {pieces} pieces came within {seconds:.1f} s: too quick to tell whether anything holds them back"
            return Finding("ok", "streaming", text)
        if verdict == "busy":
            text = f"cannot be told: this kernel was up to {self.lag.worst:.1f} s late itself"
            return Finding("note", "streaming", text, "Try again when nothing else runs in the kernel.")
        if verdict == "streams":
            return Finding("ok", "streaming", f"{pieces} pieces came at {times} moments: nothing holds them back")
        how = f"all at once, after {seconds:.1f} s" if times == 1 else f"in {times} bursts, {seconds:.1f} s in all"
        text = f"a proxy between here and the server{between} holds the stream back: {pieces} pieces came {how}"
        return Finding("wrong", "streaming", text, _HELD)

    def _usage(self) -> Finding:
        if self.run.report is None:
            text = "the server does not say how many tokens it counted"
            return Finding("note", "usage", text, "Tokens and costs of this model are estimates, marked ~.")
        return Finding("ok", "usage", "the server reports the tokens that it counted")

    def _price(self) -> Finding:
        price = self.price
        if price is not None:
            amounts = f"${format_price(price, 'input')} in, ${format_price(price, 'output')} out a million tokens"
            return Finding("ok", "price", f"{amounts}, from {price.source}{f' of {price.dated}' if price.dated else ''}")
        if self._settled is not None and self._settled[1].amount not in (None, Decimal(0)):
            return Finding("ok", "price", "not known beforehand; the provider says what each answer cost")
        if is_loopback(origin(self._endpoint.provider.base_url)[1]):
            return Finding("ok", "price", "none for a server on this machine: costs are shown as –")
        return Finding("note", "price", "not known, so costs are shown as –", "The provider's bill says what it came to.")

    def _ledger(self) -> list[Finding]:
        if self._ledger_error is not None:
            return [Finding("wrong", "ledger", self._ledger_error.text, self._ledger_error.hint)]
        if self._settled is None:
            return []
        usage, cost = self._settled
        if not self.run.billed:
            return [Finding("ok", "ledger", f"this check was not answered, so it cost nothing{_NOTED}")]
        mark = "" if usage.certainty == "reported" else "~"
        came_to = f"this check took {mark}{usage.input_tokens} tokens in and {mark}{usage.output_tokens} out"
        money = ", at a price that nobody knows" if cost.amount is None else f", and cost {format_cost(cost)}"
        return [Finding("ok", "ledger", f"{came_to}{money}{_NOTED}")]


_NOTED = " (%nbchat cost purpose: “check”)"
_COMPRESSED = "A proxy compresses what was asked for uncompressed: have it leave text/event-stream alone (nginx: gzip off;)."
_HELD = (
    "In nginx: proxy_buffering off; (or have the server send X-Accel-Buffering: no), and no gzip for text/event-stream. Other "
    "proxies, a company's too, have a like setting. Only a model that says all of it in an instant would look the same."
)
