"""What must hold without a live front end: nbclient, papermill, IPython in a terminal, scripts, asyncio, trio.

Each scenario is given an interpreter with nbchat (empty: the one that runs the tests) and an empty folder, and runs what people
run as a process of its own. It raises AssertionError for a broken promise.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import nbformat

from nbchat.testing import Gate, Reply, Request, ScriptedServer

__all__ = ["ELSEWHERE"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
"""Seconds, on a machine that does more than it can."""
READY = """
import json, os, nbchat
nbchat.add_provider("lab", **json.loads(os.environ["LAB"]))
nbchat.settings.model = "lab/scripted"
"""
NOTEBOOK = ("%load_ext nbchat" + READY, "%chat what is a monad?", "print(len(nbchat.session().messages))")
NBCLIENT = """
import nbclient, nbformat, sys
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=100).execute()
nbformat.write(notebook, sys.argv[2])
"""
STRICT = 'import warnings; warnings.filterwarnings("error", module="nbchat")'
"""What Python says of nbchat's own code is an error; the filter is a pattern for the beginning of a module's name."""
SCRIPT = """
s = nbchat.session("script")
print(s.ask("one").text, s.status, s.messages[-1].usage.output_tokens > 0)
print("".join(s.send("two")))
async def three(): return (await s.aask("three")).text
print(nbchat.run_sync(three()))
print(nbchat.run_sync(three(), on="kernel"))
"""
ASYNCIO = """
import asyncio
async def main():
    s = nbchat.session("asyncio")
    many = [nbchat.session(f"n{n}").aask(f"q{n}") for n in range(5)]
    print([m.text for m in await asyncio.gather(*many)])
    print("".join([delta async for delta in s.send("streamed")]))
    print((await s.send("awaited")).text, s.ask("blocking").text)
asyncio.run(main())
"""
TRIO = """
import trio
async def main():
    s = nbchat.session("trio")
    print((await trio.to_thread.run_sync(s.ask, "in a thread")).text)
    texts = []
    async def ask(n): texts.append((await trio.to_thread.run_sync(nbchat.session(f"n{n}").ask, f"q{n}")).text)
    async with trio.open_nursery() as nursery:
        for n in range(3): nursery.start_soon(ask, n)
    print(sorted(texts))
    try: await s.aask("never")
    except nbchat.ChatError as error: print(type(error).__name__)
trio.run(main)
"""
SAID = "You said: "


def environment(python: str, folder: Path, server: ScriptedServer) -> dict[str, str]:
    """What the process sees: nothing of the user's or of these tests', and the server as a provider's arguments."""
    ours = ("NBCHAT_", "JUPYTER", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) and not name.endswith("_API_KEY")}
    place = {"base_url": server.base_url, "api_key": server.api_key}
    return {
        **kept,
        **({} if python else {"PYTHONPATH": str(ROOT)}),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "LAB": json.dumps(place),
        "NBCHAT_HOME": str(folder / "home"),
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "TERM": "dumb",
    }


def run(python: str, folder: Path, server: ScriptedServer, *arguments: str) -> str:
    """Run the interpreter and return what it printed; it must end well, and say nothing on stderr but progress."""
    done = subprocess.run(
        [python or sys.executable, *arguments],
        cwd=folder,
        env=environment(python, folder, server),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def in_a_script(code: str, lines: Sequence[str], asked: int, python: str, folder: Path) -> None:
    """The program prints these lines and ends in silence, with every warning that is nbchat's own an error."""
    with ScriptedServer() as server:
        program = folder / "program.py"
        program.write_text(STRICT + READY + code)
        printed = run(python, folder, server, str(program))
        assert printed.splitlines() == list(lines), printed
        assert len(server.chats) == asked


def in_a_notebook(command: Callable[[Path, Path], Sequence[str]], python: str, folder: Path) -> None:
    """The answer is in the saved notebook, as Markdown; the run waited for it."""
    with ScriptedServer() as server:
        given, made = folder / "given.ipynb", folder / "made.ipynb"
        cells = [nbformat.v4.new_code_cell(source) for source in NOTEBOOK]  # type: ignore[no-untyped-call]  # partly typed
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)  # type: ignore[no-untyped-call]  # partly typed
        nbformat.write(notebook, given)  # type: ignore[no-untyped-call]  # partly typed
        run(python, folder, server, *command(given, made))
        outputs = [cell["outputs"] for cell in json.loads(made.read_text())["cells"]]
        (shown,) = outputs[1]
        assert "".join(shown["data"]["text/markdown"]).startswith(f"{SAID}what is a monad?"), shown
        assert "".join(outputs[2][0]["text"]) == "2\n", outputs[2]
        assert len(server.chats) == 1


class Terminal:
    """A program on a pseudo-terminal, typed to and read."""

    def __init__(self, command: Sequence[str], folder: Path, variables: dict[str, str]) -> None:
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), variables)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def wait(self, what: str) -> None:
        """Read until this is shown, after what was waited for before; colours and moves of the cursor left out."""
        end, seen = time.monotonic() + PATIENCE, ""
        while what not in seen:
            assert time.monotonic() < end, f"{what!r} was not shown: {self.shown[-2000:]}"
            if select.select([self._screen], [], [], 0.2)[0]:
                read = os.read(self._screen, 65_536).decode(errors="replace")
                self.shown += read
                seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", seen + read)

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._screen)


def in_a_terminal(python: str, folder: Path) -> None:
    """IPython's own prompt: answers are printed as they come, Ctrl-C stops one and keeps it, the next question works."""
    gate = Gate()

    def answer(request: Request) -> Reply:
        slow = "slowly" in (request.question or "")
        return Reply.text(tokens=[f"t{n} " for n in range(50)], gate=gate) if slow else Reply.text(f"{SAID}{request.question}")

    with ScriptedServer(answer) as server:
        command = [python or sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
        terminal = Terminal(command, folder, environment(python, folder, server))
        try:
            terminal.wait("In [1]:")
            terminal.type("%load_ext nbchat\n")
            terminal.wait("In [2]:")
            terminal.type(f"exec({READY!r})\n")
            terminal.wait("In [3]:")
            terminal.type("%chat what is a monad?\n")
            terminal.wait(f"{SAID}what is a monad?")
            terminal.type("%chat go slowly\n")
            gate.release(3)
            terminal.wait("t2")
            terminal.type("\x03")
            terminal.wait("In [5]:")
            server.wait_closed()
            terminal.type("m = nbchat.session().messages[-1]; print('<', m.status, m.text, '>')\n")
            terminal.wait("< stopped t0 t1 t2  >")
            terminal.type("%chat and now?\n")
            terminal.wait(f"{SAID}and now?")
        finally:
            gate.open()
            terminal.close()


FIVE = [f"{SAID}q{n}" for n in range(5)]
ELSEWHERE: dict[str, Callable[[str, Path], None]] = {
    "nbclient": partial(in_a_notebook, lambda given, made: ("-c", NBCLIENT, str(given), str(made))),
    "papermill": partial(in_a_notebook, lambda given, made: ("-m", "papermill", "--no-progress-bar", str(given), str(made))),
    "terminal": in_a_terminal,
    "script": partial(in_a_script, SCRIPT, [f"{SAID}one idle True", *(f"{SAID}{n}" for n in ("two", "three", "three"))], 4),
    "asyncio": partial(in_a_script, ASYNCIO, [str(FIVE), f"{SAID}streamed", f"{SAID}awaited {SAID}blocking"], 8),
    "trio": partial(in_a_script, TRIO, [f"{SAID}in a thread", str(FIVE[:3]), "KernelLoopError"], 4),
}
