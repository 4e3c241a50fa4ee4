"""TitleMaker: gives a conversation a title after its first answer: the question's first words at once, then the model's proposal.

Owns the one helper request that a session makes. It is apart from every turn: a stop does not touch it, and whatever becomes of
it, the first words stand. A title that a person gave is never replaced.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from nbchat.core.cost import Price
from nbchat.core.errors import ChatError
from nbchat.core.events import TextDelta
from nbchat.core.ids import new_id
from nbchat.core.messages import Message
from nbchat.core.models import split_model
from nbchat.core.requests import ModelRequest, RequestStatus
from nbchat.core.titles import clean_title, fallback_title, title_messages
from nbchat.sessions.ports import ModelProvider, Ports
from nbchat.sessions.request_run import RequestRun

if TYPE_CHECKING:
    from nbchat.sessions.session import Session

from nbchat.sessions.tasks import begin

__all__ = ["TitleMaker"]

_MOST_TOKENS = 400
"""Enough for a model that reasons before it names."""
_MOST_CHARACTERS = 8_000
"""Of a proposal: one that is longer is none."""
_log = logging.getLogger("nbchat.sessions")


class TitleMaker:
    """The titles of one session. On the background loop."""

    def __init__(self, session: Session, ports: Ports) -> None:
        self._session = session
        self._ports = ports
        self._task: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        """Apart from the task that asks: it may be cancelled again while its request is being settled."""

    def start(self, question: Message, answer: Message) -> None:
        """Make a title of this exchange, unless there is one or one is being made."""
        own = self._session.conversation
        if not own.title and not own.titled and (self._task is None or self._task.done()) and not self._session.closed:
            self._task = begin(self._make(question, answer))

    async def cancel(self) -> None:
        """Make no title any more: a person gives one. Returns when none is being saved. Idempotent."""
        if self._task is not None:
            self._task.cancel()
        if self._saving is not None:
            await asyncio.wait({self._saving})

    async def close(self) -> None:
        """Cancel, and wait until the request is closed and settled. Idempotent."""
        await self.cancel()
        if self._task is not None:
            await asyncio.wait({self._task})
        if self._settling is not None:  # looked at now: that task began it
            await asyncio.wait({self._settling})

    async def _make(self, question: Message, answer: Message) -> None:
        try:
            first_words = fallback_title(question.text)
            if not first_words:
                return
            await self._set("", first_words)
            proposed = clean_title(await self._ask(question, answer))
            if proposed:
                await self._set(first_words, proposed)
        except ChatError:
            _log.info("no title was made", exc_info=True)
        except Exception:  # a title is not worth an error that anybody sees
            _log.warning("no title was made", exc_info=True)

    async def _set(self, before: str, title: str) -> None:
        self._saving = begin(self._save(before, title))
        await asyncio.shield(self._saving)  # what is being saved is saved and shown, both or neither

    async def _save(self, before: str, title: str) -> None:
        try:
            stored = await self._ports.store.get(self._session.id)  # another kernel may have named it
            if stored is not None and not stored.titled and stored.title == before:
                await self._session.update(title=title)
        except ChatError:
            _log.info("a title could not be saved", exc_info=True)

    async def _ask(self, question: Message, answer: Message) -> str:
        """Return what the conversation's model proposes; "" where helper requests are not wanted."""
        session, ports = self._session, self._ports
        provider_id, model = split_model(session.model)
        if session.private or not ports.helper_requests(provider_id):
            return ""
        provider = ports.provider(provider_id)
        messages = title_messages(question.text, answer.text)
        run = RequestRun(ModelRequest(new_id(), model, messages, {"max_tokens": _MOST_TOKENS}), "title", ports.clock)
        await session.admit_helper(run.request, provider_id)
        status: RequestStatus = "stopped"
        try:
            text = await self._collect(provider, run)
            status = "complete"
            return text
        except ChatError as error:
            run.failed(error)
            status = "interrupted" if error.kind == "interrupted" else "error"
            raise
        finally:
            run.end()
            self._settling = asyncio.get_running_loop().create_task(self._settle(run, provider_id, status, answer))
            await asyncio.shield(self._settling)

    async def _collect(self, provider: ModelProvider, run: RequestRun) -> str:
        pieces: list[str] = []
        stream = provider.stream(run.request)
        try:
            async for batch in stream:
                for event in batch:
                    run.take(event)
                    if isinstance(event, TextDelta):
                        pieces.append(event.text)
                if run.characters > _MOST_CHARACTERS:
                    return ""
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()
        return "".join(pieces)

    async def _settle(self, run: RequestRun, provider_id: str, status: RequestStatus, answer: Message) -> None:
        session = self._session
        price: Price | None = None
        try:
            price = await self._ports.prices.price(self._ports.provider(provider_id).provider, run.request.model)
        except ChatError:
            _log.debug("no price for a title", exc_info=True)
        estimates = session.estimates
        usage = await estimates.of(run, provider_id) if run.needs_estimate else estimates.at_once(run, provider_id)
        settlement = run.settle(price, usage)
        conversation, notebook = (session.id, session.name), self._ports.notebook()
        row = run.record("", answer.id, conversation, provider_id, status, price, settlement, notebook)
        estimates.learn(row)
        try:
            await self._ports.ledger.settle(row)
        except Exception:
            _log.warning("a title's request could not be settled", exc_info=True)
        session.settled(row)
        await session.helper_settled(run.request)
        session.emit("changed")
