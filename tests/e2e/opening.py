"""What a test is given to open notebooks with: the fixtures' types, and the cell by which a kernel comes to know a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from nbchat.testing import ScriptedServer
from tests.e2e.notebook import Notebook

__all__ = ["KEY", "Open", "OpenChat", "setup_cell"]

KEY = "sk-CANARY-4f9d1c77e2ab"
"""The key of every scripted server here: must never be seen outside the request that carries it."""

Open = Callable[[Sequence[str]], Notebook]


class OpenChat(Protocol):
    """The fixture `open_chat`."""

    def __call__(self, server: ScriptedServer, cells: Sequence[str], *, home: Path | None = None) -> Notebook:
        """Open a notebook of `cells`, starting at index 1, after a first one that was run already."""
        ...


def setup_cell(server: ScriptedServer, home: Path) -> str:
    """Return the cell that makes a scripted server the active model; the key is in the kernels' environment as PEER_KEY."""
    return f"""
import os
os.environ["NBCHAT_HOME"] = {str(home)!r}
%load_ext nbchat
import nbchat
nbchat.add_provider("peer", base_url={server.base_url!r}, api_key_env="PEER_KEY")
nbchat.settings.model = "peer/tiny"
"""
