"""%chat without a notebook: IPython in a terminal streams plain text, waits, and sends the question as written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from nbchat.notebook.help import CHAT, listing
from nbchat.testing import Reply, ScriptedServer

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, os, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_line_magic("load_ext", "nbchat")
import nbchat
nbchat.add_provider("lab", **json.loads(os.environ["LAB"]))
nbchat.settings.model = "lab/scripted"
for cell in json.load(sys.stdin):
    print("<<<", flush=True)
    shell.run_cell(cell)
"""


def run_cells(server: ScriptedServer, home: Path, cells: list[str]) -> list[str]:
    """Run the cells in an IPython shell of another process; returns what each printed."""
    environment = {
        **os.environ,
        "NBCHAT_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONIOENCODING": "utf-8",
        "IPYTHONDIR": str(home / "ipython"),
        "LAB": json.dumps({"base_url": server.base_url, "api_key": server.api_key}),
    }
    command, given = [sys.executable, "-c", SCRIPT], json.dumps(cells)
    done = subprocess.run(
        command, input=given, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=100, check=True
    )
    return done.stdout.split("<<<\n")[1:]


def test_help_is_printed_and_nothing_sent(tmp_path: Path) -> None:
    """Also where a question follows; a word that nearly is one is asked back."""
    cells = ["%chat --help", "%chat -h is what?", "%nbchat --help", "%nbchat sesions", "%chat --modle x hi", "%nbchat rename one"]
    with ScriptedServer() as server:
        options, again, commands, near, option, usage = run_cells(server, tmp_path, cells)
        assert server.requests == ()
    assert options == again == CHAT
    assert listing() in commands
    assert "Did you mean sessions? Commands: sessions, " in near
    assert "Did you mean --model? If the question begins" in option
    assert "Usage: %nbchat rename old new " in usage


def test_answers_are_printed_and_mistakes_told_briefly(tmp_path: Path) -> None:
    """The thread as text, the Message returned, a failed answer as its error."""
    replies = [Reply.text("first answer"), Reply.text("second"), Reply.error(401)]
    cells = ["%chat one?", "m = %chat --wait two\nprint(m.status)", "%chat three", "%chat", "%chat --nope x", "%nbchat doctor"]
    with ScriptedServer(replies) as server:
        first, second, third, thread, wrong, doctor = run_cells(server, tmp_path, cells)
    assert first == "first answer\n"
    assert second == "second\ncomplete\n"
    assert "ProviderError" in third or "ChatError" in third
    assert len(third.splitlines()) <= 4
    assert thread.startswith("user: one?\n\nassistant: first answer\n\nuser: two\n\nassistant: second\n\nuser: three")
    assert wrong.startswith("UsageError: %chat has no option --nope.")
    assert "no Jupyter kernel" in doctor
