"""Preview: what a question would send, and what would be said to it, if it were asked now; nothing is sent, saved or shown.

Owns that look: it goes the way of a turn (`beginning`, `asking`, `admission`) up to the request, and gives back what it reserved.
Asks no server, so a price that only a listing tells is unknown until somebody has looked at that.
"""

from __future__ import annotations

from dataclasses import dataclass

from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.core.messages import Attachment, Message
from nbchat.core.models import split_model
from nbchat.core.price import Price
from nbchat.core.requests import ModelRequest
from nbchat.core.tools import ToolSpec
from nbchat.sessions.admission import Admission, expected_of
from nbchat.sessions.asking import Asking
from nbchat.sessions.beginning import Beginning
from nbchat.sessions.budget import Budgets, Expected
from nbchat.sessions.estimates import Estimates
from nbchat.sessions.ports import Ports
from nbchat.sessions.size import Size, size_of
from nbchat.sessions.tree import ConversationTree
from nbchat.sessions.turn import Turn

__all__ = ["Preview", "preview_of"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be asked of the model `label` ("provider/model"). `omitted` messages of the history are left out of the
    request; `size` and `expected` are the figures that budgets and the context's `length` (None where nobody knows) are held
    against; `refused` says why it would not be sent. `stored` is the answer that its cell would show without asking, or None."""

    label: str
    request: ModelRequest
    attachments: tuple[Attachment, ...]
    omitted: int
    size: Size
    expected: Expected
    length: int | None = None
    refused: ErrorInfo | None = None
    stored: Message | None = None


async def preview_of(
    turn: Turn,
    label: str,
    tools: tuple[ToolSpec, ...],
    system: str | None,
    house: tuple[ConversationTree, Ports, Budgets, Estimates],
) -> Preview:
    """Return what this turn, which is in no queue, would send to `label` with this system prompt as things are now; raises
    ConfigError for an unknown provider."""
    tree, ports, budgets, estimates = house
    provider, model = split_model(label)
    described = ports.provider(provider).provider
    price = await ports.prices.price(described, model, ask=False)

    async def priced() -> Price | None:
        return price

    question, answer = await Beginning(tree, ports).messages_for(turn, label, ports.clock.time())
    asking = Asking(
        turn=turn.id,
        request_id=turn.request_id,
        provider=provider,
        model=model,
        conversation=tree.conversation.name,
        system=system,
        path=(*(tree.path_to(question.parent) if question.parent is not None else ()), question),
        answer=answer,
        parameters=answer.parameters or {},
    )
    admission = Admission(turn.id, asking, turn.budget, tree, ports, budgets, estimates, lambda _notice: None)
    refused = None
    try:
        if not turn.reused:
            await admission.admit((), tools, priced)
    except ChatError as error:
        refused = error.info
    finally:
        admission.close()
    calibration = await estimates.calibration(*split_model(tree.answering(label)))
    size = size_of(asking.history((), asking.start), tools, tree.told, label, calibration)
    return Preview(
        label,
        asking.request((), prefill=False, tools=tools),
        turn.attachments,
        asking.start,
        size,
        expected_of(tree, size, asking.parameters.get, price),
        await ports.context_length(provider, model),
        refused,
        answer if turn.reused else None,
    )
