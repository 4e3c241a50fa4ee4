"""Lab: a real JupyterLab server on loopback, with nothing of the user's: own port, token, settings, data and nbchat home.

The same server has Notebook 7 beside it. nbchat's labextension is there where a test asks for it, and else switched off, also
where it is installed: everything else must work without.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import nbchat
from tests.e2e.processes import end

__all__ = ["Lab"]

LABEXTENSION = Path(nbchat.__file__).parent / "static" / "labextension"

START = 60.0
"""Seconds that the server may need to come up."""


class Lab:
    """A server with its notebooks in `folder`; `url(path)` opens one of them. `variables` are what its kernels see besides."""

    def __init__(self, home: Path, variables: Mapping[str, str] | None = None, *, labextension: bool = False) -> None:
        self.home = home
        self.labextension = labextension
        self.variables = variables or {}
        self.folder = home / "notebooks"
        self.token = secrets.token_hex(16)
        self.base = ""
        self.log = home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the server and its kernels see: no key, no display, no directory of the user's."""
        kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY") and not k.startswith(("JUPYTER", "NBCHAT_"))}
        return {
            **kept,
            "IPYTHONDIR": str(self.home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_PLATFORM_DIRS": "1",
            "JUPYTER_PREFER_ENV_PATH": "no",  # the labextension of these sources, also where one is installed
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "NBCHAT_HOME": str(self.home / "nbchat"),
            **self.variables,
        }

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError with its log when it does not."""
        self.folder.mkdir(parents=True)
        self._write_settings()
        self._place_labextension()
        options = {
            "IdentityProvider.token": self.token,
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "LabApp.expose_app_in_browser": "True",
            "LabApp.user_settings_dir": str(self.home / "settings"),
            "LabApp.workspaces_dir": str(self.home / "workspaces"),
            "JupyterNotebookApp.expose_app_in_browser": "True",
            "ServerApp.allow_root": "True",
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.open_browser": "False",
            "ServerApp.port": "0",
            "ServerApp.root_dir": str(self.folder),
        }
        command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()

    def _write_settings(self) -> None:
        """Switch off what asks the network or the reader: news, updates, and the wish to save on leaving."""
        plugin = self.home / "settings" / "@jupyterlab" / "apputils-extension"
        plugin.mkdir(parents=True)
        chosen = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        (plugin / "notification.jupyterlab-settings").write_text(json.dumps(chosen))

    def _place_labextension(self) -> None:
        config = self.home / "config" / "labconfig"
        config.mkdir(parents=True)
        (config / "page_config.json").write_text(json.dumps({"disabledExtensions": {"jupyter-nbchat": not self.labextension}}))
        if self.labextension:
            place = self.home / "data" / "labextensions"
            place.mkdir(parents=True)
            (place / "jupyter-nbchat").symlink_to(LABEXTENSION)

    def _wait(self) -> None:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            for record in (self.home / "runtime").glob("jpserver-*.json"):
                try:
                    self.base = f"http://127.0.0.1:{json.loads(record.read_text())['port']}"
                    self.api("status")
                except (URLError, ValueError, OSError):
                    continue
                return
            time.sleep(0.05)
        text = self.log.read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"JupyterLab did not start within {START:.0f} s:\n{text[-4000:]}")

    def api(self, path: str, method: str = "GET") -> object:
        """Call the server's REST interface and return its JSON, None for an empty answer."""
        request = Request(f"{self.base}/api/{path}", method=method, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=20) as response:
            body = response.read()
        return json.loads(body) if body else None

    def url(self, path: str, *, workspace: str, app: str = "lab") -> str:
        """Return the address that opens a notebook, in JupyterLab in a workspace of its own (two tabs must not share one).

        `app` is "lab" or "notebook"; "" is JupyterLab without a notebook.
        """
        place = f"lab/workspaces/{workspace}" if app == "lab" else "notebooks"
        opens = f"{'/tree' if app == 'lab' else ''}/{quote(path)}" if path else ""
        return f"{self.base}/{place}{opens}?token={self.token}"

    def shut_kernels(self) -> None:
        """End every session, so that the next test starts with an idle machine."""
        sessions = self.api("sessions")
        assert isinstance(sessions, list)
        for session in sessions:
            try:
                self.api(f"sessions/{session['id']}", "DELETE")
            except HTTPError as error:
                if error.code != 404:  # the page that was closed has ended it
                    raise

    def stop(self) -> None:
        """Stop the server and its kernels; idempotent."""
        process, self._process = self._process, None
        end(process)
