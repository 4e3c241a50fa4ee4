"""Context as pages see it: which names of a question that is being written stand for something, and which names there are. On the
loop.

Owns what a page is told of them, and the check that what is sent is what its chips showed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from nbchat.core.errors import UsageError
from nbchat.core.messages import Attachment
from nbchat.notebook.context.mentioned import attached_to, mentioned_in
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View

__all__ = ["CONTEXT_ANSWERS", "context_of"]

_Answer: TypeAlias = "Callable[[Services, View, Mapping[str, Any]], Awaitable[Json]]"


async def _mentions(services: Services, _view: View, data: Mapping[str, Any]) -> Json:
    """What would go along with this text now: a chip for each name that stands for something."""
    found = await mentioned_in(data["text"], services.names(), services.ports.clock.sleep)
    return {"mentions": [each.to_json() for each in found]}


async def _names(services: Services, _view: View, _data: Mapping[str, Any]) -> Json:
    names = services.names()
    return {"names": [] if names is None else [list(each) for each in names.listed()]}


async def context_of(services: Services, view: View, data: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Return what goes along for the names of a question that is sent: what they stand for now.

    Raises UsageError where that is something else than the page showed; once for each name, so that one whose value never stays
    the same can be sent, too.
    """
    given = data.get("mentions")
    shown = given if isinstance(given, dict) else {}
    literal = [name for name, digest in shown.items() if digest == ""]
    found = await mentioned_in(data["text"], services.names(), services.ports.clock.sleep, literal=literal)
    now = {each.name: each.digest for each in found}
    client, warned = data["client_id"], view.warned
    other = [name for name, digest in shown.items() if digest and now.get(name) != digest]
    changed = [name for name in other if warned.get(name, client) == client]
    if changed:
        warned.update(dict.fromkeys(changed, client))
        are = "stands" if len(changed) == 1 else "stand"
        text = f"{', '.join(changed)} {are} for something else than was shown: the notebook has changed since."
        raise UsageError(text, hint="What is shown now is up to date: send it again.")
    warned.clear()
    return attached_to(found)


CONTEXT_ANSWERS: dict[str, _Answer] = {"mentions": _mentions, "names": _names}
