"""Session: the handle that people hold of one conversation. Observable like any HasTraits; works without a frontend."""

from __future__ import annotations

import contextvars
import weakref
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from traitlets import All
from traitlets.utils.bunch import Bunch

from nbchat.api.asking import AskHandle
from nbchat.api.live import Live
from nbchat.api.turn import Turn
from nbchat.core.errors import UsageError
from nbchat.export.tables import dataframe, local_time
from nbchat.runtime.callbacks import CallbackTarget, here
from nbchat.sessions.state import Signal, SignalName

if TYPE_CHECKING:
    from nbchat.app import App
    from nbchat.sessions.session import Session as CoreSession

__all__ = ["Session", "SessionEvent"]

_EVENTS = frozenset(SignalName.__args__)  # type: ignore[attr-defined]  # typing.Literal keeps its values there
_TRAITS_OF: dict[str, tuple[str, ...]] = {
    "text-delta": ("streaming_text",),
    "status-changed": ("status", "engine", "state"),
    "message-added": ("messages",),
    "path-changed": ("messages",),
    "turn-ended": ("streaming_text", "messages", "usage", "cost", "engine", "state"),
    "changed": (
        *("title", "model", "system", "parameters", "budget", "when_full"),
        *("usage", "cost", "approvals", "notice", "engine", "state"),
    ),
}


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """What `Session.on` callbacks get: the event's name, the session's name, and `data`: the new text of "text-delta", the
    Message of "message-added" and "turn-ended", (old, new) of "status-changed", the ErrorInfo of "error"."""

    name: str
    session: str
    turn: Turn | None
    data: Any


class Session(AskHandle):
    """A conversation that you ask, watch and drive from Python. Made by `nbchat.session(name)`.

        m = s.ask("What is a monad?")  # waits for the answer; in async cells `await s.aask(...)`
        turn = s.send("And in Python?")  # does not wait: `for delta in turn`, turn.stop(), turn.result()
        s.widget  # the live thread

    Asking: `ask`, `aask`, `send`, `stop`, `resume`, `regenerate`, `edit`. The tree: `branches`, `switch`, `fork`, `edit_reply`,
    `hide`, `delete`, `restore`. Tools: `tools`, `allow`, `decide`. Watching: `observe(handler, names="status")`, `on(event,
    callback)`, `turn`, `queue`. To take along: `widget`, `to_dataframe`, `export`.

    To read and observe: `status` ("idle", "submitted", "streaming" or "error"), `streaming_text`, `messages` (the active path),
    `usage` and `cost` (of all requests), `approvals` (tool calls that wait for consent), `notice` (what to know meanwhile, or
    None), `engine` (what the model's server does), `state` (all of it at one moment). To set as well: `title`, `model`
    ("provider/model"), `system`, `parameters`, `budget`, `when_full`, `stop_on_close`. It is known by its `name` and its `id`;
    a `private` one is saved nowhere.
    """

    status = Live(lambda s: s.state.status, help='"idle", "submitted", "streaming" or "error".')
    streaming_text = Live(lambda s: s.state.streaming_text, help="The running answer so far (observers: <= 30 Hz).")
    messages = Live(lambda s: s._core.path, help="The active path, oldest first, the running answer at its end.")
    usage = Live(lambda s: s.state.usage, help="Tokens of all requests of this conversation.")
    cost = Live(lambda s: s.state.cost, help="Cost of all requests of this conversation, every branch and helper call.")
    notice = Live(lambda s: s._core.notice, help="What to know while it goes on (nothing is being saved, say), or None.")
    engine = Live(lambda s: s.state.engine, help="What the model's server does (EngineStatus): loading, generating, ready, ...")
    state = Live(lambda s: s._core.state, help="An immutable snapshot of all of it (SessionState).")
    title = Live(
        lambda s: s._core.conversation.title or s.name, lambda s, v: s._change(s._core.set_title, str(v)), help="Free text."
    )
    model = Live(
        lambda s: s._core.model,
        lambda s, v: s._change(s._core.set_model, v),
        help='"provider/model" of the next turn.',
    )
    system = Live(
        lambda s: s._core.conversation.system,
        lambda s, v: s._change(s._core.set_system, v),
        help="The system prompt of the next turn, or None.",
    )

    parameters = Live(
        lambda s: dict(s._core.conversation.parameters),
        lambda s, v: s._change(s._core.set_parameters, v),
        help="What is sent along with each request from the next turn on: temperature, max_tokens, ...",
    )
    budget = Live(
        lambda s: s._core.conversation.budget,
        lambda s, v: s._change(s._core.set_budget, v),
        help="What all requests of this conversation may cost, in US dollars (a Decimal; a text or a number sets it, too): what "
        "would pass it is not sent. None is nbchat.settings.budget_session; 0 refuses all that costs anything.",
    )
    when_full = Live(
        lambda s: s._core.conversation.when_full,
        lambda s, v: s._change(s._core.set_when_full, v),
        help='What happens when the conversation does not fit into the model\'s context: "refuse" to send it, or "drop" the '
        "oldest messages from what is sent (`m.omitted` of an answer says how many; they stay in the conversation).",
    )
    approvals = Live(lambda s: s._core.state.approvals, help="The tool calls that wait for consent (see `decide`).")

    def __init__(self, core: CoreSession, app: App) -> None:
        super().__init__()
        self._core = core
        self._app = app
        self._target: CallbackTarget | None = None
        self._observed: set[str] = set()
        self._notifying: set[str] = set()
        lease = app.background.call(core.lease, "handle")
        weakref.finalize(self, _release, app.background, lease)
        self_ref = weakref.ref(self)
        unlisten = app.background.call(core.listen, lambda signal: _relay(self_ref, signal))
        weakref.finalize(self, _release_listener, app.background, unlisten)

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self._core.id

    @property
    def name(self) -> str:
        """The conversation's unique name."""
        return self._core.name

    @property
    def private(self) -> bool:
        """Whether nothing of this conversation is saved."""
        return self._core.private

    # ------------------------------------------------------------ stopping

    def stop(self) -> None:
        """Stop the running turn, if any; returns when its request is closed and its partial saved."""
        self._app.background.wait(self._core.stop())

    @property
    def stop_on_close(self) -> bool:
        """Whether a running answer is stopped (and kept as far as it came) when the last view of it closes. Off by default: it
        goes on to its end and is saved. For as long as the session lives."""
        return self._core.stop_on_close

    @stop_on_close.setter
    def stop_on_close(self, stop: bool) -> None:
        self._core.stop_on_close = bool(stop)

    @property
    def turn(self) -> Turn | None:
        """The running turn, of another kernel too, or the last one; None before the first. `for delta in s.turn` reads along."""
        turn = self._core.turn
        return None if turn is None else Turn(turn, self._app.background)

    @property
    def queue(self) -> tuple[Turn, ...]:
        """The questions that wait, in order. `turn.stop()` takes one out."""
        return tuple(Turn(turn, self._app.background) for turn in self._core.queue)

    # ------------------------------------------------------------ tools

    @property
    def tools(self) -> tuple[Callable[..., Any], ...]:
        """The functions that the model may call. Set a list of them: their names, docstrings and type hints are what the model
        is told. Each call waits for consent, in the view or by `decide`, unless `allow` gave it ahead."""
        return self._core.tools.functions

    @tools.setter
    def tools(self, functions: Iterable[Callable[..., Any]]) -> None:
        self._check_open()
        self._app.background.call(self._core.tools.set, tuple(functions), contextvars.copy_context())

    def allow(self, *names: str, all: bool = False) -> None:
        """Let these tools, or all that it has now, run without asking, until the session ends; never saved. Raises UsageError
        for names of no tool, and for none."""
        if not names and not all:
            raise UsageError("Which tools are allowed?", hint='Name them, s.allow("area"), or say s.allow(all=True).')
        every = [spec.name for spec in self._core.tools.specs] if all else []
        self._app.background.call(self._core.tools.allow, *names, *every)

    def decide(self, call: str, decision: Literal["once", "session", "deny"]) -> bool:
        """Answer the approval with this `call`: `decision` is "once", "deny", or "session", which is `allow` and "once" in one.
        Returns False when it no longer waits."""
        return self._app.background.call(self._core.tools.decide, call, decision)

    # ------------------------------------------------------------ watching

    def observe(self, handler: Callable[..., Any], names: Any = All, type: Any = "change") -> None:
        """Call `handler(change)` when traits change: the one or those called `names`, or all; `change.new` is what the trait is
        now. It runs on the kernel's main loop when there is one. `type` is traitlets' own; nothing but "change" comes."""
        self._target = here()
        wanted = {names} if isinstance(names, str) else set(self.trait_names() if names is All else names)
        self._observed |= wanted
        super().observe(handler, names=names, type=type)

    def on(self, event: str, callback: Callable[[SessionEvent], Any]) -> Callable[[], None]:
        """Call `callback(event)` for each event of that name; returns a function that ends it.

        Names: "text-delta", "message-added", "status-changed", "turn-queued", "turn-started", "turn-ended", "error",
        "queue-changed", "path-changed", "approval-needed", "changed", "closed". Runs on the kernel's main loop when there is
        one, else on a worker thread. Raises UsageError for another name.
        """
        if event not in _EVENTS:
            raise UsageError(f"There is no event {event!r}.", hint=f"Events: {', '.join(sorted(_EVENTS))}.")
        target, background = here(), self._app.background

        def relay(signal: Signal) -> None:
            if signal.name == event:
                turn = None if signal.turn is None else Turn(signal.turn, background)
                target.run(callback, SessionEvent(signal.name, signal.session.name, turn, signal.data))

        ends = [background.call(self._core.listen, relay)]
        if event == "approval-needed":  # tools wait for whoever listens
            ends.append(background.call(self._core.watch_approvals))

        def leave() -> None:
            for end in ends:
                background.post(end)

        return leave

    def _signalled(self, signal: Signal) -> None:
        """On the loop: tell observers, at most one notification of a trait under way."""
        for name in _TRAITS_OF.get(signal.name, ()):
            if name in self._observed and name not in self._notifying and self._target is not None:
                self._notifying.add(name)
                self._target.run(self._notify, name)

    def _notify(self, name: str) -> None:
        self._notifying.discard(name)
        self.notify_change(Bunch(name=name, old=None, new=getattr(self, name), owner=self, type="change"))

    # ------------------------------------------------------------ taking it elsewhere

    @property
    def widget(self) -> Any:
        """The thread as a widget: display it anywhere, any number of times; all copies show the same conversation. Where somebody
        opens another one in it, this session stays what it was, and `widget` is another widget."""
        self._check_open()
        return self._app.thread_widget(self._core)

    def _new_widget(self) -> Any:
        self._check_open()
        return self._app.new_widget(self._core)

    def to_dataframe(self) -> Any:
        """Return the active path as a pandas DataFrame, one row a message (a Table where pandas is not installed)."""
        return dataframe(
            {
                "role": message.role,
                "text": message.text,
                "status": message.status,
                "finish_reason": message.finish_reason,
                "model": message.model,
                "input_tokens": message.usage and message.usage.input_tokens,
                "output_tokens": message.usage and message.usage.output_tokens,
                "cost": message.cost and message.cost.amount,
                "created": local_time(int(message.created)),  # to the second: a row is a line then
            }
            for message in self.messages
        )

    def export(self, path: str | Path) -> Path:
        """Write the conversation to a file, by its ending: .md or .html (the active path, to read), .json (every branch, to keep)
        or .ipynb (both); returns the path. `nbchat.manager.load(path)` reads the last two."""
        from nbchat.export.files import write

        return write(Path(path), self._core.conversation, self._core.path, self._core.messages)

    def __repr__(self) -> str:
        return f"<Session {self.name!r}: {self.model}, {len(self.messages)} messages, {self.status}, {self.cost}>"

    def _change(self, setter: Callable[[Any], Coroutine[Any, Any, None]], value: Any) -> None:
        self._check_open()
        self._app.background.wait(setter(value))

    def _check_open(self) -> None:
        if self._core.closed:
            raise UsageError(f"The session {self.name!r} was closed.", hint=f"Open it again: nbchat.session({self.name!r}).")


def _relay(session: weakref.ref[Session], signal: Signal) -> None:
    alive = session()
    if alive is not None:
        alive._signalled(signal)


def _release(background: Any, lease: Any) -> None:
    if background.alive:
        background.post(lease.release)


def _release_listener(background: Any, unlisten: Callable[[], None]) -> None:
    if background.alive:
        background.post(unlisten)
