"""The magics: %chat and %%chat talk, %nbchat manages. Owns how a cell's line becomes a turn and what the cell shows for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Bool, Enum, Instance, Int, TraitError, Unicode, default, validate

from nbchat.core.errors import ChatError, UsageError
from nbchat.core.ids import new_id
from nbchat.notebook.brief import brief
from nbchat.notebook.cells import notebook_of
from nbchat.notebook.comms import PANEL, kernel_of, offer_target, takes_no_input, withdraw_target
from nbchat.notebook.completion import MATCHER, matcher
from nbchat.notebook.configured import from_environment, model_label, transcripts_wanted
from nbchat.notebook.context import ALLOWANCE, LEAST
from nbchat.notebook.help import CHAT, NBCHAT
from nbchat.notebook.names import begun_by, conversation_for
from nbchat.notebook.options import Options, parse
from nbchat.notebook.plain import completed, stopping, stream_text, wait_for
from nbchat.notebook.sparing import spare, stop_sparing
from nbchat.notebook.transform import chat_cell, chat_lines

if TYPE_CHECKING:
    from nbchat.core.messages import Message
    from nbchat.notebook.dry_run import DryRun
    from nbchat.notebook.services import Services
    from nbchat.sessions.session import Session
    from nbchat.sessions.turn import Turn

__all__ = ["NbChat", "register", "unregister"]


_OUTPUT = ("auto", "widget", "text", "batch")
_RERUN = ("reuse", "send")


@magics_class
class NbChat(Magics):
    """%chat, %%chat and %nbchat. Configured as `c.NbChat.…` (or `%config NbChat.…`)."""

    model = Unicode(
        help='The model that answers in this kernel where a conversation has none of its own: "provider/model". Empty: '
        "$NBCHAT_MODEL, else what nbchat.settings.model says.",
    ).tag(config=True)
    system = Unicode(help="The system prompt of conversations that %chat begins.").tag(config=True)
    output = Enum(
        _OUTPUT,
        help="How %chat shows answers: a live widget; plain text; for batch runs, waiting and keeping a transcript. "
        '"auto" finds out: text in a terminal, batch under nbconvert and papermill, else the widget. $NBCHAT_OUTPUT.',
    ).tag(config=True)
    transcripts = Bool(
        True, help="Keep turns and threads as Markdown in the saved notebook, below the widget. $NBCHAT_TRANSCRIPTS."
    ).tag(config=True)

    rerun = Enum(
        _RERUN,
        help="What the first run of an unchanged %chat cell does in a fresh kernel, where nothing changed before it: show the "
        "answer that it got, free, or ask again. Every further run asks again. $NBCHAT_RERUN.",
    ).tag(config=True)

    context_tokens = Int(
        ALLOWANCE,
        min=LEAST,
        help="Tokens that each name in a question (@df, @In[3], @error) may come to; what is longer is cut, and says so.",
    ).tag(config=True)

    shell = Instance("IPython.core.interactiveshell.InteractiveShellABC")

    def __init__(self, shell: Any, services: Callable[[], Services]) -> None:
        super().__init__(shell)
        self._services = services

    @default("output")
    def _default_output(self) -> str:
        return from_environment("output", _OUTPUT, "auto")

    @default("rerun")
    def _default_rerun(self) -> str:
        return from_environment("rerun", _RERUN, "reuse")

    @default("transcripts")
    def _default_transcripts(self) -> bool:
        return transcripts_wanted()

    @validate("model")
    def _use_model(self, proposal: Any) -> str:
        """`%config NbChat.model = ...`; "" leaves the one that answers."""
        try:
            label = model_label(proposal["value"], "NbChat.model")
            if label and hasattr(self, "_services"):  # what a file says is here before: the app reads that itself
                services = self._services()
                services.background.wait(services.manager.set_default_model(label, save=False))
        except ChatError as error:
            raise TraitError(f"{error.text} {error.hint}") from None  # then the value stays what it was
        return label

    # ------------------------------------------------------------ magics

    @no_var_expand
    @line_cell_magic
    def chat(self, line: str, cell: str | None = None) -> Message | DryRun | None:
        """Talk; what people read with `%chat?` is put in the place of this."""
        with brief():
            options, rest = parse(line)
            if options.help:
                _write(CHAT)
                return None
            if cell is None and not rest.strip() and not options.asks:
                self._show_thread(options)
                return None
            question = cell if cell is not None and cell.strip() else rest
            if question is cell and rest.strip():
                question = f"{rest}\n{cell}"
            if not question.strip():
                raise UsageError(
                    "The question is empty.", hint="Write it after %chat, or below %%chat. `%chat?` shows the options."
                )
            return self._preview(options, question) if options.dry_run else self._ask(options, question)

    @no_var_expand
    @line_magic
    def nbchat(self, line: str) -> Any:
        """Manage; what people read with `%nbchat?` is put in the place of this, too."""
        with brief():
            from nbchat.notebook.manage import Begun, run

            result = run(self._services(), line, self.shell)
            return self._follow(Options(), result.session, result.turn) if isinstance(result, Begun) else result

    # ------------------------------------------------------------ asking

    def _ask(self, options: Options, question: str) -> Message | None:
        services, notebook = self._services(), notebook_of(self.shell)
        cell = self._cell(notebook)
        request = new_id()
        try:
            submitting = self._submit(services, options, notebook, question, cell, request)
            return self._follow(options, *services.background.wait(submitting), cell)
        except KeyboardInterrupt:  # also one that came when the question was on its way and nobody waited yet
            services.background.wait(services.manager.stop_request(request))
            raise

    def _preview(self, options: Options, question: str) -> DryRun:
        """What would be sent, as things are now. Nothing is changed: neither the system prompt nor which conversation is the
        notebook's."""
        from nbchat.notebook.dry_run import dry_run

        services, notebook = self._services(), notebook_of(self.shell)
        cell = self._cell(notebook)
        reuse = services.cells.is_new(cell) and self.rerun == "reuse"
        run = dry_run(services, options, notebook, question, cell, system=self.system, reuse=reuse)
        return services.background.wait(run)

    def _cell(self, notebook: str) -> str | None:
        kernel = kernel_of(self.shell)
        return None if kernel is None else self._services().cells.key(notebook, kernel.get_parent() or {})

    def _follow(self, options: Options, session: Session, turn: Turn, cell: str | None = None) -> Message | None:
        """Show a turn as the options say, and wait for its answer where they say so."""
        services, how = self._services(), self._how(options)
        if how == "widget" and not (options.wait or options.output):
            _display(services.widgets.turn(session, turn, cell))
            return None
        with stopping(services.background, turn):
            message = self._wait(services, session, turn, cell, how)
        completed(message)
        if options.output:
            self.shell.user_ns[options.output] = message
        return message if options.wait else None

    def _wait(self, services: Services, session: Session, turn: Turn, cell: str | None, how: str) -> Message:
        """Show the turn and wait for its answer, whatever becomes of it."""
        if how == "widget":
            _display(services.widgets.turn(session, turn, cell))
            return wait_for(turn)
        from nbchat.export.facts import answered_before
        from nbchat.notebook.transcript import transcript

        message = stream_text(services.background, turn, _write) if how == "text" else wait_for(turn)
        if turn.reused:
            _write(f"({answered_before(message)})\n")
        if how == "batch" and not session.private:  # what is displayed here is kept
            _display(transcript(message), raw=True)
        return message

    async def _submit(
        self, services: Services, options: Options, notebook: str, question: str, cell: str | None, request: str
    ) -> tuple[Session, Turn]:
        from nbchat.notebook.context.mentioned import attached_to, mentioned_in

        context = attached_to(await mentioned_in(question, services.names(), services.ports.clock.sleep))
        reuse, begun = services.cells.first(cell) and self.rerun == "reuse", ""
        if options.new and reuse and cell is not None:  # what began a conversation before the restart goes on with it
            label = _label(options.model, services.manager.default_model.partition("/")[0])
            begun = await begun_by(services, cell, question, context, label, options.parameters)
        session = await self._open(services, options, notebook, begun)
        model = _label(options.model, session.state.provider_id)
        if options.system is not None and options.system != session.conversation.system:
            await session.set_system(options.system or None)
        given: dict[str, Any] = {"model": model, "parameters": options.parameters, "budget": options.budget}
        given["reuse"] = reuse
        return session, session.submit(question, request_id=request, cell=cell, attachments=context, **given)

    async def _open(self, services: Services, options: Options, notebook: str, begun: str = "") -> Session:
        name, own = options.session or notebook, not options.session
        name = await conversation_for(services, name, new=options.new, notebook=own, begun=begun)
        return await services.manager.open(name, system=self.system or None)

    def _show_thread(self, options: Options) -> None:
        services = self._services()
        session = services.background.wait(self._open(services, options, notebook_of(self.shell)))
        how = self._how(options)
        if how == "batch" and session.private:  # what is printed in a batch run is kept
            _write(f"“{session.name}” is private.\n")
            return
        if how != "widget":
            _write("".join(f"{message.role}: {message.text}\n\n" for message in session.path) or f"“{session.name}” is empty.\n")
            return
        _display(services.widgets.thread(session))

    # ------------------------------------------------------------ where this runs

    def _how(self, options: Options) -> str:
        """Return "widget", "text" or "batch"."""
        if options.no_widget:
            return "text"
        kernel = kernel_of(self.shell)
        if self.output != "auto":
            return "text" if kernel is None else str(self.output)
        if kernel is None:
            return "text"
        return "batch" if takes_no_input(self.shell) else "widget"


NbChat.chat.__doc__, NbChat.nbchat.__doc__ = CHAT, NBCHAT


def register(shell: Any, services: Callable[[], Services]) -> None:
    """Register the magics and their input transformers with an IPython shell. Idempotent; cheap; calls `services` later."""
    unregister(shell)
    magics = NbChat(shell, services)
    shell.register_magics(magics)
    # before all others: prompts are stripped and indentation removed from what comes first
    shell.input_transformers_cleanup[:0] = [chat_cell, chat_lines]
    if (completer := getattr(shell, "Completer", None)) is not None:
        completer.custom_matchers.append(matcher(shell, services))
    offer_target(shell, PANEL, partial(_open_panel, shell, services))
    spare(shell)


def unregister(shell: Any) -> None:
    """Take the magics and transformers away. Idempotent."""
    # by name: after a reload of the package the functions are other ones
    ours = (chat_cell.__qualname__, chat_lines.__qualname__)
    kept = [each for each in shell.input_transformers_cleanup if getattr(each, "__qualname__", "") not in ours]
    shell.input_transformers_cleanup[:] = kept
    if (completer := getattr(shell, "Completer", None)) is not None:
        matchers = completer.custom_matchers
        matchers[:] = [each for each in matchers if getattr(each, "matcher_identifier", "") != MATCHER]
    for magics in [each for each in shell.configurables if type(each).__name__ == NbChat.__name__]:
        shell.configurables.remove(magics)
    for kind, name in (("line", "chat"), ("cell", "chat"), ("line", "nbchat")):
        shell.magics_manager.magics[kind].pop(name, None)
    withdraw_target(shell, PANEL)
    stop_sparing(shell)


def _open_panel(shell: Any, services: Callable[[], Services], comm: Any) -> None:
    from nbchat.notebook.panel import Panel

    Panel(services(), shell, comm)


def _label(model: str, provider: str) -> str:
    return f"{provider}/{model}" if model and "/" not in model else model


def _display(thing: Any, *, raw: bool = False) -> None:
    from IPython.display import display

    display(thing, raw=raw)  # type: ignore[no-untyped-call]


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
