"""kill -9 of the kernel that answers, while another one follows: it is said within 10 s, and can be gone on with from there.

`python -m tests.soak.producer_kills [--samples 100] [--seed N]` runs the full number; the tests run a seeded sample.

This process is the kernel that follows, with nbchat's own app. For each sample another process asks in a conversation that is
open in both; it is killed at a random moment of the answer. Nobody reopens anything here: the session must become interrupted,
with an exact prefix of the answer, and `resume()` must bring the whole of it.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import nbchat
from nbchat.app import app
from tests.soak.command import attack
from tests.support.kernel_process import KernelProcess
from tests.support.numbered import NumberedServer, asking, tokens_of, whole

WITHIN = 10.0
"""Seconds after which a death must be said (P21)."""
_AT_ONCE = 4


@dataclass
class Result:
    """After how many seconds each death was said, and how many tokens each killed answer had."""

    seconds: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        said = f"p50 {ordered[len(ordered) // 2]:.1f} s, at most {ordered[-1]:.1f} s"
        return f"{len(ordered)} of {len(ordered)} said to be interrupted ({said}), resumed to the whole answer"


def kill_one(server: NumberedServer, home: Path, number: int, seed: int) -> tuple[float, int]:
    """Let another process answer, kill it, and judge; returns how long the death was unknown, and how many tokens were there."""
    chance = random.Random(seed)
    question = asking(f"q{number}", 120, 20)
    with KernelProcess(home, server) as other:
        session = nbchat.session(f"notes-{number}")
        other.run(f"s = nbchat.session('notes-{number}'); t = s.send({question!r})")
        _until(lambda: session.status in ("submitted", "streaming"), 30, "it is not followed")
        count = chance.randrange(70)
        _until(lambda: len(server.sent.get(question, ())) >= count, 60, "it is not answered")
        threading.Event().wait(chance.uniform(0.0, 0.02))  # somewhere between two tokens
        other.kill()
    killed = time.monotonic()
    said = ("interrupted", "error")  # the message first, as the store has it, then the session
    _until(lambda: (session.messages[-1].status, session.status) == said, WITHIN, "the death is not said")
    took = time.monotonic() - killed
    partial = session.messages[-1]
    tokens = tokens_of(question, partial)  # an exact prefix, or this raises
    resumed = session.resume().result(60)
    assert (resumed.status, resumed.id, resumed.text) == ("complete", partial.id, whole(question)[1])
    assert [message.role for message in session.messages] == ["user", "assistant"]
    return took, tokens


def _until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def run(samples: int, seed: int, directory: Path) -> Result:
    """Kill `samples` kernels, some at once. Raises AssertionError for a broken promise."""
    chance, result = random.Random(seed), Result()
    home = directory / "home"
    with patch.dict(os.environ, {"NBCHAT_HOME": str(home)}), NumberedServer() as server:
        nbchat.add_provider("lab", base_url=server.base_url, api_key=str(server.api_key))
        nbchat.settings.model = "lab/tiny"
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                jobs = [pool.submit(kill_one, server, home, number, chance.randrange(10**9)) for number in range(samples)]
                for job in jobs:
                    took, tokens = job.result()
                    result.seconds.append(took)
                    result.tokens.append(tokens)
        finally:
            app().close()
    return result


if __name__ == "__main__":
    attack("kills of a kernel that is followed", 100, run)
