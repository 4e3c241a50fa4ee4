"""Ctrl-C, or the kernel's interrupt, during a blocking call."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

import nbchat
from nbchat.app import app
from nbchat.testing import Gate, Reply
from tests.support.apps import running_app

CODE = """
    import nbchat, sys
    def say(*words):  # in one write: a callback speaks on its own thread
        sys.stdout.write(" ".join(map(str, words)) + "\\n")
        sys.stdout.flush()
    s = nbchat.session("notes", model="demo/demo-slow")
    s.on("text-delta", lambda event: say("delta"))
    try:
        say("asking")
        {call}
    except KeyboardInterrupt:
        say("interrupted", s.status, s.messages[-1].status if s.messages else "none")
    m = s.ask("table", model="demo/demo")
    say("next", m.status, len([m for m in s.messages if m.role == "user"]))
"""


@pytest.mark.parametrize("call", ['s.ask("long")', 's.send("long").result()', 'list(s.send("long"))'])
def test_an_interrupt_stops_the_turn_and_the_next_question_works(call: str) -> None:
    """The turn that was waited for is stopped, its partial kept; session and kernel go on."""
    code = textwrap.dedent(CODE).format(call=call)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while process.stdout.readline().strip() != "delta":
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    lines = [line for line in out.splitlines() if line != "delta"]
    assert (lines, err, process.returncode) == (["interrupted idle stopped", "next complete 2"], "", 0)


@pytest.mark.parametrize("seed", range(10))
def test_an_interrupt_at_any_time_leaves_the_session_usable(seed: int) -> None:
    """P14, a sample: whenever it hits between the question and the answer, the next question is answered."""
    code = textwrap.dedent(CODE).format(call='s.ask("code", model="demo/demo")')
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "asking":
            assert process.poll() is None
        try:
            process.wait(random.Random(seed).uniform(0, 0.6))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert "next complete 2" in out or "next complete 1" in out, err
    assert process.returncode == 0


def test_an_interrupt_between_the_question_and_the_wait_stops_the_turn() -> None:
    """P14: `ask` is one blocking call to whoever interrupts it, so its turn must not go on by itself (and be paid)."""
    gate = Gate()
    with running_app(Reply.text(tokens=["one", "two"], gate=gate)):
        session = nbchat.session("notes")
        call = app().background.call

        def interrupted(function: Callable[..., Any], *args: Any) -> Any:
            call(function, *args)
            raise KeyboardInterrupt

        with patch.object(app().background, "call", interrupted), pytest.raises(KeyboardInterrupt):
            session.ask("hi")
        assert session.status == "idle"
        gate.open()
