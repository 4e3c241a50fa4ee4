"""The background loop's life."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import textwrap
import threading

import pytest

import nbchat.runtime.loop as loop_module
from nbchat.core.errors import KernelLoopError
from nbchat.runtime.loop import background


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False)


def test_calls_run_on_one_thread_that_is_not_the_callers() -> None:
    """Everything posted runs on the one background thread."""
    here = threading.get_ident()
    there = {background().call(threading.get_ident) for _ in range(3)}
    assert len(there) == 1
    assert here not in there


def test_a_call_raises_what_its_function_raised() -> None:
    """Errors cross the threads."""
    with pytest.raises(ZeroDivisionError):
        background().call(lambda: 1 // 0)


def test_waiting_on_its_own_thread_is_refused_at_once() -> None:
    """A blocking call on the loop's thread would wait for itself for ever."""

    def wait_there() -> None:
        background().wait(asyncio.sleep(0))

    with pytest.raises(KernelLoopError, match="own thread"):
        background().call(wait_there)


def test_a_timeout_cancels_what_was_waited_for() -> None:
    """`wait` leaves nothing running behind."""
    seen: list[str] = []

    async def forever() -> None:
        seen.append("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    while not seen:  # on a busy machine the time may be over before it has begun
        with pytest.raises(TimeoutError):
            background().wait(forever(), timeout=0.01)
    background().wait(asyncio.sleep(0))
    assert seen.count("cancelled") == seen.count("begun")


def test_a_reload_keeps_the_thread() -> None:
    """importlib.reload and deleting the module find the loop of before."""
    before = background()
    assert importlib.reload(loop_module).background() is before
    del sys.modules["nbchat.runtime.loop"]
    assert importlib.import_module("nbchat.runtime.loop").background() is before


def test_two_threads_get_one_loop() -> None:
    """Creation is under a lock."""
    code = """
        import threading
        from nbchat.runtime.loop import background
        found, gate = [], threading.Barrier(8)
        def find():
            gate.wait(); found.append(id(background()))
        threads = [threading.Thread(target=find) for _ in range(8)]
        [t.start() for t in threads]; [t.join() for t in threads]
        print(len(set(found)), sum(t.name == "nbchat" for t in threading.enumerate()))
    """
    assert run_python(code).stdout.split() == ["1", "1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is a Unix call")
def test_a_forked_child_gets_its_own_loop() -> None:
    """In a child the parent's loop claims to run, but its thread is not there."""
    code = """
        import os, warnings
        warnings.simplefilter("ignore")
        from nbchat.runtime.loop import background
        assert background().call(lambda: 1) == 1
        child = os.fork()
        if child == 0:
            os._exit(0 if background().call(os.getpid) == os.getpid() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert run_python(code).stdout.strip() == "0"


def test_the_process_exits_while_something_runs_for_ever() -> None:
    """Exit hooks run, what is left is cancelled, and the process ends within seconds."""
    code = """
        import asyncio
        from nbchat.runtime.loop import background
        async def hook(): print("hook", flush=True)
        async def forever():
            try: await asyncio.sleep(3600)
            finally: print("cancelled", flush=True)
        background().at_exit(hook)
        background().submit(forever())
        background().call(lambda: None)
    """
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["hook", "cancelled"]


def test_the_process_exits_while_a_thread_blocks() -> None:
    """A keyring that waits to be unlocked keeps no kernel from ending."""
    code = """
        import asyncio, threading
        from nbchat.runtime.loop import background
        begun = threading.Event()
        def block():
            begun.set()
            threading.Event().wait()
        async def main():
            print(await asyncio.get_running_loop().run_in_executor(None, lambda: 42), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, block)
        background().submit(main())
        begun.wait()
        print("over", flush=True)
    """
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["42", "over"]
