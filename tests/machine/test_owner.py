"""Whose turn is dead."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nbchat.machine import owner
from nbchat.machine.owner import ProcessIdentity, is_dead, this_process

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def test_text_form() -> None:
    """An identity survives its text; anything else is no identity."""
    here = this_process()
    assert ProcessIdentity.parse(str(here)) == here
    assert here.pid == os.getpid()
    for text in ("", "a|b", "a|b|c|x|e", "a|b|c|1|e|f"):
        assert ProcessIdentity.parse(text) is None


def test_this_process_lives() -> None:
    """This process is alive, however old its lease."""
    assert not is_dead(str(this_process()), lease=0.0, now=1e10)


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"boot": "before"}, {"namespace": "pid:[1]"}])
def test_elsewhere_the_lease_decides(change: dict[str, str]) -> None:
    """Another host, another boot and another container cannot be looked at: the lease decides."""
    owner = str(replace(this_process(), pid=1, **change))
    assert not is_dead(owner, lease=100.0, now=100.0)
    assert is_dead(owner, lease=100.0, now=100.1)


def test_an_unreadable_owner() -> None:
    """What is no identity is judged by its lease."""
    assert is_dead("somebody", lease=1.0, now=2.0)
    assert not is_dead("somebody", lease=2.0, now=1.0)


@needs_proc
def test_a_pid_that_is_used_again() -> None:
    """A living process with the owner's pid but another start time is not the owner, whatever the lease."""
    parent = replace(this_process(), pid=os.getppid(), start="1")
    assert is_dead(str(parent), lease=1e10, now=0.0)


@needs_proc
def test_a_process_that_ended() -> None:
    """A process that is gone is dead at once, without waiting for its lease."""
    script = "from nbchat.machine.owner import this_process; print(this_process())"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    owner = done.stdout.strip()
    assert ProcessIdentity.parse(owner) is not None
    assert is_dead(owner, lease=1e10, now=0.0)


@pytest.mark.skipif(sys.platform == "win32", reason="no ps there")
def test_without_proc() -> None:
    """Where there is no /proc, `ps` tells the start of a process, and that one is gone or a zombie."""
    assert owner._start_by_ps(os.getpid())
    assert owner._start_by_ps(os.getpid()) == owner._start_by_ps(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert owner._start_by_ps(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert owner._start_by_ps(child.pid) is None
    assert owner._start_by_ps(child.pid) is None


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing tells when a process started, its lease decides; this process itself lives."""
    monkeypatch.setattr(owner, "_start_of", lambda _: "?")
    monkeypatch.setattr(owner, "_known", {})
    here = str(this_process())
    other = str(replace(this_process(), pid=os.getppid()))
    assert not is_dead(here, lease=0.0, now=1.0)
    assert is_dead(other, lease=0.0, now=1.0)
    assert not is_dead(other, lease=1.0, now=0.0)
