"""Marimo: a real marimo server on loopback with one notebook, and nothing of the user's."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from nbchat.testing import ScriptedServer
from tests.e2e.processes import end

__all__ = ["Marimo", "notebook_of"]

START = 60.0
"""Seconds that the server may need to come up."""
CONFIG = """
[runtime]
auto_instantiate = true
[save]
autosave = "off"
[display]
theme = "{theme}"
"""


def notebook_of(server: ScriptedServer, *cells: str) -> str:
    """Return a marimo notebook whose first cell makes a scripted server the active model and opens a session `s`."""
    setup = (
        "import nbchat\n"
        f"nbchat.add_provider('peer', base_url={server.base_url!r}, api_key_env='PEER_KEY')\n"
        "nbchat.settings.model = 'peer/tiny'\n"
        "s = nbchat.session('x')"
    )
    bodies = [("", setup, "(nbchat, s)"), *(("s", cell, "") for cell in cells)]
    written = (
        f"@app.cell\ndef _({given}):\n" + "".join(f"    {line}\n" for line in [*body.split("\n"), f"return {result}".rstrip()])
        for given, body, result in bodies
    )
    return "import marimo\n\napp = marimo.App()\n\n" + "\n".join(written)


class Marimo:
    """`marimo edit` or `marimo run` of one notebook; `url` opens it."""

    def __init__(
        self, home: Path, source: str, mode: str, *, theme: str = "light", variables: dict[str, str] | None = None
    ) -> None:
        self.home = home
        self.mode = mode
        self.log = home / "server.log"
        (home / "notebook.py").write_text(source)
        config = home / "config" / "marimo"
        config.mkdir(parents=True)
        (config / "marimo.toml").write_text(CONFIG.format(theme=theme))
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._variables = variables or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError with its log when it does not."""
        kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY") and not k.startswith(("MARIMO", "NBCHAT_"))}
        home = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config"), "NBCHAT_HOME": str(self.home / "nbchat")}
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "marimo", "-q", self.mode, "notebook.py", "--headless", "--no-token", "--port", port]
        command += ["--host", "127.0.0.1", *(["--skip-update-check"] if self.mode == "edit" else [])]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**kept, **home, **self._variables}, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urlopen(f"{self.url}/health", timeout=5).close()
            except (URLError, OSError):
                time.sleep(0.1)
                continue
            return
        text = self.log.read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"marimo did not start within {START:.0f} s:\n{text[-4000:]}")

    def stop(self) -> None:
        """Stop the server and its kernel; idempotent."""
        process, self._process = self._process, None
        end(process)


def _free_port() -> int:
    """Return a free port of those that no system hands out by itself: another test must not get it before marimo has it."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
