"""DryRun: what a question would send and cost, without sending it: `%chat --dry-run`.

Owns how that is found out without changing anything, and how it is shown: as text everywhere, as a table with the messages
before the new one folded in a notebook. The messages are those of the request's body, in the spelling of its server.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import ChatError, ErrorInfo
from nbchat.core.ids import new_id
from nbchat.core.messages import Message
from nbchat.export.facts import answered_before
from nbchat.export.tables import Table
from nbchat.notebook.context.mentioned import Mentioned, attached_to, mentioned_in
from nbchat.notebook.names import conversation_for
from nbchat.providers.presets import preset_of
from nbchat.providers.request_body import request_members

if TYPE_CHECKING:
    from nbchat.notebook.options import Options
    from nbchat.notebook.services import Services
    from nbchat.sessions.preview import Preview
    from nbchat.sessions.session import Session

__all__ = ["DryRun", "dry_run"]


@dataclass(frozen=True, slots=True, repr=False)
class DryRun:
    """What would be sent; displays well. `messages` are those of the request's body, in order; `tokens` is how many they are
    (`estimated`: about); `cost` what is expected, as text; `omitted` how many messages of the history are left out; `mentions`
    what goes along for names in the question; `refused` why it would not be sent, or None; `stored` the answer that the cell got
    to the same question before, which it would show instead of asking, or None."""

    model: str
    conversation: str
    messages: Sequence[dict[str, Any]]
    parameters: dict[str, Any]
    tools: tuple[str, ...]
    mentions: tuple[Mentioned, ...]
    tokens: int
    estimated: bool
    cost: str
    context_length: int | None
    omitted: int
    refused: ErrorInfo | None
    stored: Message | None

    @property
    def facts(self) -> dict[str, str]:
        """What there is to know besides the messages, each in words."""
        length = "" if self.context_length is None else f"; the model can read {self.context_length:,}"
        verdict = "nothing stands against it" if self.refused is None else f"{self.refused.text} {self.refused.hint}".strip()
        if self.stored is not None:
            verdict = f"not sent: the stored answer is shown, free ({answered_before(self.stored)})"
        facts = {
            "model": self.model,
            "conversation": self.conversation,
            "tokens": f"{'about ' if self.estimated else ''}{self.tokens:,}{length}",
            "expected cost": self.cost if self.stored is None else f"nothing; {self.cost} when it is asked anew",
            "verdict": verdict,
            "parameters": ", ".join(f"{name}={value!r}" for name, value in self.parameters.items()),
            "tools": ", ".join(self.tools),
            "left out": f"{self.omitted:,} messages of the history" if self.omitted else "",
        }
        goes = {f"goes along: {each.name}": _told(each) for each in self.mentions}
        return {name: value for name, value in (facts | goes).items() if value}

    def __repr__(self) -> str:
        width = max(map(len, self.facts))
        facts = [f"{name.ljust(width)}  {value}" for name, value in self.facts.items()]
        messages = [f"--- {message['role']}\n{_content(message)}" for message in self.messages]
        return "\n".join(["Dry run: nothing was sent.", "", *facts, "", *messages])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        facts = Table({"": name, "dry run": value} for name, value in self.facts.items())._repr_html_()
        messages = "".join(
            f"<details{' open' if message is self.messages[-1] else ''}><summary>{html.escape(message['role'])}</summary>"
            f"<pre style='white-space:pre-wrap'>{html.escape(_content(message))}</pre></details>"
            for message in self.messages  # the last one is new, and needs no click
        )
        return {"text/plain": repr(self), "text/html": facts + messages}


def _told(each: Mentioned) -> str:
    return f"{each.kind}, about {each.tokens:,} tokens" + (f"; {each.note}" if each.note else "")


def _content(message: dict[str, Any]) -> str:
    """A message's content as text; pictures by their kind and size."""
    content = message.get("content") or ""
    calls = [f"calls {call['function']['name']}({call['function']['arguments']})" for call in message.get("tool_calls", ())]
    if isinstance(content, str):
        return "\n".join([*([content] if content else []), *calls])
    texts = [part["text"] if part["type"] == "text" else _picture(part["image_url"]["url"]) for part in content]
    return "\n\n".join(texts)


def _picture(url: str) -> str:
    kind, comma, data = url.partition(",")
    return f"[{kind.removeprefix('data:')}, {len(data):,} characters]" if comma else f"[picture at {url}]"


async def dry_run(
    services: Services,
    options: Options,
    notebook: str,
    question: str,
    cell: str | None,
    *,
    system: str = "",
    reuse: bool = False,
) -> DryRun:
    """Return what `%chat` with these options would send; `system` is the system prompt of conversations that it begins, and with
    `reuse` the cell would show a stored answer. On the loop. Raises ChatError for what could not even be asked."""
    mentions = await mentioned_in(question, services.names(), services.ports.clock.sleep)
    session, name = await _session(services, options, notebook, system)
    model = f"{session.state.provider_id}/{options.model}" if options.model and "/" not in options.model else options.model
    given: dict[str, Any] = {"model": model, "parameters": options.parameters, "budget": options.budget}
    turn = session.unsent(question, cell=cell, attachments=attached_to(mentions), **given)
    turn.reuse = reuse
    own: str | EllipsisType | None = ... if options.system is None else options.system or None
    preview = await session.preview(turn, system=own)
    return _shown(services, preview, name, mentions)


async def _session(services: Services, options: Options, notebook: str, system: str) -> tuple[Session, str]:
    """The conversation that would be asked in, and its name. One that would be begun is not: a private one stands for it, which
    ends when nobody holds it."""
    base = options.session or notebook
    name = base if options.new else await conversation_for(services, base, new=False, notebook=not options.session)
    known = services.manager.get(name) is not None or await services.ports.store.find(name) is not None
    if known and not options.new:
        return await services.manager.open(name), name
    return await services.manager.open(f"dry run {new_id()}", system=system or None, private=True), f"{name} (a new one)"


def _shown(services: Services, preview: Preview, name: str, mentions: tuple[Mentioned, ...]) -> DryRun:
    request, refused = preview.request, preview.refused
    preset = preset_of(services.ports.provider(preview.label.partition("/")[0]).provider)
    try:
        messages = request_members(request, preset)["messages"]
    except ChatError as error:
        messages, refused = [], refused or error.info
    return DryRun(
        model=preview.label,
        conversation=name,
        messages=messages,
        parameters=dict(request.parameters),
        tools=tuple(tool.name for tool in request.tools),
        mentions=mentions,
        tokens=preview.size.tokens,
        estimated=preview.size.estimated,
        cost=str(preview.expected),
        context_length=preview.length,
        omitted=preview.omitted,
        refused=refused,
        stored=preview.stored,
    )
