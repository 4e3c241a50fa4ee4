"""What the drawer of conversations asks for: find, show, begin, rename, archive, erase. On the loop.

A view that shows another conversation afterwards is the hub's matter; `%chat` cells and Python handles stay where they are. What
is taken away in the drawer goes to the archive, for good: a slip of the finger, seen an hour later, loses nothing. Only what is
archived already can be erased.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nbchat.core.conversations import Conversation
from nbchat.core.cost import Cost, format_cost
from nbchat.core.errors import UsageError
from nbchat.notebook.names import conversation_for
from nbchat.notebook.wire import Json

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View
    from nbchat.sessions.session import Session

__all__ = ["CONVERSATION_ANSWERS"]

_Answer: TypeAlias = "Callable[[Services, View, Mapping[str, Any]], Awaitable[Json]]"
_ROWS = 50
_HITS = 200
"""Messages that a search looks through for conversations: a common word stands in many of one."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A conversation as the drawer lists it; `snippet` is where its text has what was searched for."""

    conversation: Conversation
    running: bool = False
    messages: int | None = None
    snippet: str = ""
    private: bool = False

    def to_json(self, cost: Cost | None) -> Json:
        own = self.conversation
        row: Json = {"id": own.id, "title": own.title or own.name, "name": own.name, "updated": own.updated}
        more = {
            "cost": None if cost is None else format_cost(cost),
            "running": self.running,
            "messages": self.messages,
            "snippet": self.snippet,
            "private": self.private,
            "archived": own.archived,
        }
        return row | {name: value for name, value in more.items() if value not in (None, "", False)}


# ---------------------------------------------------------------- finding


async def _conversations(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """Those whose title, name or messages have what is searched for, last used first.

    At most `_ROWS`; `more` says whether there are others. Empty ones that nobody named are left out: each would be a row that
    says nothing.
    """
    query, archived = data["query"].strip(), data["archived"]
    summaries = await services.manager.conversations(query, limit=_ROWS + 1, archived=archived)
    rows = [] if archived else [row for row in _private_rows(services) if _has(row.conversation, query)]
    rows += [
        _Row(each.conversation, each.running, each.messages)
        for each in summaries[:_ROWS]
        if each.messages or each.running or archived or each.conversation.titled or each.conversation.id == view.session.id
    ]
    if query:
        rows += await _by_text(services, query, {row.conversation.id for row in rows}, archived=archived)
    more = len(summaries) > _ROWS or len(rows) > _ROWS
    rows = rows[:_ROWS]
    costs = await services.ports.ledger.costs([row.conversation.id for row in rows if not row.private])
    costs |= {session.id: session.state.cost for session in services.manager.active if session.private}
    listed = [row.to_json(costs.get(row.conversation.id)) for row in rows]
    return {"conversations": listed, "more": more, "shown": view.session.id}


def _private_rows(services: Services) -> list[_Row]:
    live = [session for session in services.manager.active if session.private]
    return [_Row(each.conversation, each.busy, len(each.path), private=True) for each in live]


def _has(conversation: Conversation, query: str) -> bool:
    return query.casefold() in f"{conversation.name}\n{conversation.title}".casefold()


async def _by_text(services: Services, query: str, known: set[str], *, archived: bool) -> list[_Row]:
    rows: dict[str, _Row] = {}
    for hit in await services.manager.search(query[:_LONGEST], limit=_HITS):
        own = hit.conversation
        if own.id not in known and own.archived == archived:
            rows.setdefault(own.id, _Row(own, snippet=hit.snippet))
    return list(rows.values())


_LONGEST = 1_000


# ---------------------------------------------------------------- showing


async def _open(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """Show this conversation here; one from the archive is taken out of it."""
    await _show(services, view, data["conversation"])
    return {"shown": view.session.id}


async def _show(services: Services, view: View, conversation_id: str) -> None:
    _only_thread(view)
    session = services.manager.get(conversation_id)
    if session is None:
        found = await services.ports.store.get(conversation_id)
        if found is None:
            raise _gone()
        session = await services.manager.open(found.name)
    if session.conversation.archived:
        await services.manager.archive(session.id, False)
    services.hub.show(view, session)


async def _new(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """Begin a conversation, named after the notebook with a number; `%chat` goes on in its own. Where the view shows an empty
    one, that is it."""
    _only_thread(view)
    if data["ask"] not in view.taken:  # the same wish may come twice
        if view.session.messages or view.session.busy or view.session.closed:
            await _begin(services, view)
        view.take(data["ask"], "")
    return {"shown": view.session.id}


async def _begin(services: Services, view: View) -> None:
    base = services.ports.notebook() or "chat"
    name = await conversation_for(services, base, new=True, notebook=False)
    services.hub.show(view, await services.manager.open(name))


# ---------------------------------------------------------------- names and the archive


async def _rename(services: Services, _view: View, data: Mapping[str, Any]) -> Json:
    session = await _session(services, data["conversation"])
    await session.set_title(data["title"])
    return {"title": session.conversation.title or session.name}


async def _archive(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """Leave it out of the list, or bring it back. A view that shows what goes shows the one that was used last instead; nothing
    that runs is stopped."""
    wanted, archived = data["conversation"], data["archived"]
    session = services.manager.get(wanted)
    if session is not None and session.private:
        raise UsageError("A private conversation cannot be archived: nothing of it is saved.", hint="It ends with its views.")
    if session is None and await services.ports.store.get(wanted) is None:
        raise _gone()
    await services.manager.archive(wanted, archived)
    if archived and view.session.id == wanted and view.turn is None:
        await _elsewhere(services, view)
    return {"shown": view.session.id}


async def _elsewhere(services: Services, view: View) -> None:
    latest = await services.manager.conversations(limit=1)
    if latest:
        await _show(services, view, latest[0].conversation.id)
    else:
        await _begin(services, view)


async def _erase(services: Services, view: View, data: Mapping[str, Any]) -> Json:
    """Delete an archived conversation for good; what it cost stays in the ledger."""
    found = await services.ports.store.get(data["conversation"])
    if found is None:
        return {"shown": view.session.id}
    if not found.archived:
        raise UsageError("Only an archived conversation can be deleted for good.", hint="Archive it first.")
    await services.manager.delete(found.id)
    if view.session.id == found.id and view.turn is None:
        await _elsewhere(services, view)
    return {"shown": view.session.id}


async def _session(services: Services, conversation_id: str) -> Session:
    live = services.manager.get(conversation_id)
    if live is not None:
        return live
    found = await services.ports.store.get(conversation_id)
    if found is None:
        raise _gone()
    return await services.manager.open(found.name)


def _only_thread(view: View) -> None:
    if view.turn is not None:
        raise UsageError("A cell's answer shows its own conversation.", hint="Open others in a thread: `%chat` alone shows one.")


def _gone() -> UsageError:
    return UsageError("This conversation is not there any more.", hint="Perhaps it was deleted in another notebook.")


CONVERSATION_ANSWERS: dict[str, _Answer] = {
    "conversations": _conversations,
    "open": _open,
    "new": _new,
    "rename": _rename,
    "archive": _archive,
    "erase": _erase,
}
