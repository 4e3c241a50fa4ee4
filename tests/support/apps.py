"""A whole app in the test's own process, with a scripted server as its provider "lab"."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import nbchat
from nbchat.app import app
from nbchat.testing import Reply, ScriptedServer

__all__ = ["app_of", "running_app"]


@contextmanager
def running_app(*replies: Reply) -> Iterator[ScriptedServer]:
    """A fresh app whose active model is "lab/tiny", answered by the replies in order; closed at the end."""
    with ScriptedServer(replies, models=("tiny", "other")) as server:
        nbchat.add_provider("lab", base_url=server.base_url, api_key=server.api_key)
        nbchat.settings.model = "lab/tiny"
        try:
            yield server
        finally:
            app().close()


@contextmanager
def app_of(server: ScriptedServer, path: Path) -> Iterator[None]:
    """A fresh app that saves to `path`, with this server's model "lab/tiny" active; closed at the end."""
    with patch.dict(os.environ, {"NBCHAT_STORE": str(path)}):
        nbchat.add_provider("lab", base_url=server.base_url, api_key=server.api_key)
        nbchat.settings.model = "lab/tiny"
        try:
            yield
        finally:
            app().close()
