"""How a view enters a cell's output: the widget, and beside it the transcript for readers without one. On the main thread.

A viewer that knows no widgets takes the next type of the same output: GitHub and nbviewer (both are nbconvert), JupyterLab
without ipywidgets. It finds nothing to show where a transcript follows, so that there is one readable copy, and else a sentence.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from nbchat.notebook.comms import kernel_of
from nbchat.notebook.configured import transcripts_wanted
from nbchat.notebook.transcript import ThreadTranscript, TurnTranscript

if TYPE_CHECKING:
    from nbchat.notebook.services import Services
    from nbchat.notebook.view import View

__all__ = ["display_view"]


def display_view(services: Services, view: View, data: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Display a view, given the widget's own MIME bundle. Raises NotImplementedError where there is no kernel, or somebody wants
    the bundle: by that IPython knows to take the widget as any other object."""
    from IPython.core.getipython import get_ipython
    from IPython.display import publish_display_data

    shell = get_ipython()
    kernel = kernel_of(shell)
    if kernel is None or _is_appended():
        raise NotImplementedError
    private = view.session.private
    kept = not private and _wanted(shell)  # of a private session not even an empty display
    shown = {name: value for name, value in data.items() if name != "text/plain"}
    why = "nothing of it is kept" if private else "it is shown by a running kernel"
    fallback = {"text/html": ""} if kept else {"text/plain": f"Chat “{view.session.name}”: {why}."}
    publish_display_data({**shown, **fallback}, metadata)  # type: ignore[no-untyped-call]
    if not kept:
        return
    turn = view.turn
    if turn is not None:
        own = TurnTranscript(kernel, turn.text)
        own.display()
        services.background.post(services.hub.transcribe, turn, own)
        return
    make = partial(ThreadTranscript, kernel, view.session.name, clock=services.ports.clock)
    services.background.call(services.hub.keep, view, make).display()


def _is_appended() -> bool:
    """Whether an Output widget asks: `out.append_display_data(view)` shows it later, and not where the call stands."""
    output = getattr(sys.modules.get("ipywidgets"), "Output", None)
    code = getattr(getattr(output, "append_display_data", None), "__code__", None)
    frame = sys._getframe(1)
    for _ in range(_CALLS):
        if frame.f_back is None or code is None:
            return False
        frame = frame.f_back
        if frame.f_code is code:
            return True
    return False


_CALLS = 20
"""IPython asks some eight calls below."""


def _wanted(shell: Any) -> bool:
    """Whether notebooks keep transcripts: `c.NbChat.transcripts`, which also counts where the magics were not loaded."""
    magics = shell.magics_manager.registry.get("NbChat")
    return bool(magics.transcripts if magics is not None else shell.config.NbChat.get("transcripts", transcripts_wanted()))
