"""Chats in processes of their own: for troubles that a process has as a whole, or has made for it from outside."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

__all__ = ["in_a_forked_child", "in_process", "on_a_failing_disk"]

ROOT = Path(__file__).parents[2]


def in_process(script: str, path: Path, *arguments: str) -> str:
    """Run the body of an async function that has `path`, `store`, `arguments`, in a process of its own."""
    done = subprocess.run(as_command(script, path, *arguments), capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_command(script: str, path: Path, *arguments: str) -> list[str]:
    program = f"{HEAD}{indent(dedent(script), '    ')}\nasyncio.run(main())\n"
    return [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, str(path), *arguments]


HEAD = """
import asyncio, os, resource, sys
from pathlib import Path
from nbchat.core.messages import TextPart
from tests.contracts.values import *
from tests.storage.scenario import *

path, arguments = Path(sys.argv[1]), sys.argv[2:]

async def main():
    store = Noted(path)
"""


def on_a_failing_disk(path: Path, error: str) -> str:
    """Chat in a process whose writes to files fail, by the kernel's tracing, and heal it; returns what was said."""
    if shutil.which("strace") is None:
        pytest.skip("strace makes the kernel's calls fail")
    script = """
    old = await store.create(a_conversation("old"))
    print("ready", flush=True)
    sys.stdin.readline()
    kept = await chat(store)
    print(store.told().text, flush=True)
    sys.stdin.readline()
    await heal(store, path, kept)
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(as_command(script, path), stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        failing = ["strace", "-f", "-p", str(child.pid), "-e", "trace=pwrite64", "-e", f"inject=pwrite64:error={error}"]
        with subprocess.Popen(failing, stderr=pipe, text=True) as disk:
            assert disk.stderr is not None
            if "attached" not in disk.stderr.readline():
                child.kill()
                pytest.skip("this machine lets no process trace another")
            child.stdin.write("go\n")
            child.stdin.flush()
            said = child.stdout.readline()
            disk.send_signal(signal.SIGINT)
            disk.stderr.read()
        _, errors = child.communicate("over\n")
        assert child.returncode == 0, errors
    return said


def in_a_forked_child(path: Path) -> None:
    """Open the database, fork, and chat in the child; the parent's store must work as before."""
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


FORK = """
import asyncio, os, sys
from pathlib import Path
from nbchat.core.errors import StorageError
from nbchat.runtime.clock import SystemClock
from nbchat.storage import Place, SqliteStore
from tests.contracts.values import a_conversation
from tests.storage.scenario import Noted, chat

place = Path(sys.argv[1])
store = SqliteStore(Place(place), SystemClock())
conversation = asyncio.run(store.create(a_conversation()))

async def in_child():
    for other in (store, SqliteStore(Place(place), SystemClock())):
        try:
            await other.get(conversation.id)
        except StorageError as error:
            assert "forked" in str(error), error
        else:
            raise AssertionError("the child used the database")
        await other.aclose()
    noted = Noted(place)
    await chat(noted)
    assert "forked" in noted.told().text
    await noted.aclose()

pid = os.fork()
if pid == 0:
    try:
        asyncio.run(in_child())
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
_, status = os.waitpid(pid, 0)
assert status == 0, status

async def in_parent():
    assert await store.get(conversation.id) is not None
    assert [row.conversation.name for row in await store.summaries()] == ["notes"]
    await store.aclose()

asyncio.run(in_parent())
"""
