"""SIGINT at random moments into a real kernel: kernel and session are usable each time (P14).

`python -m tests.soak.interrupts [--samples 200] [--seed N]` runs the full number; the tests run a seeded sample.

The kernel runs each form of asking, stopping and opening in turn; after each interrupt it must answer, its session be idle, the
next question be answered, and no lock be held.
"""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.notebook.kernels import Cell, Kernel, kernel
from tests.soak.command import attack
from tests.support.numbered import NumberedServer, asking

NAME = "interrupted"
WAYS = {
    "ask": "s.ask({question!r})",
    "result": "s.send({question!r}).result()",
    "chat": "%chat --wait -s interrupted {question}",
    "plain": "%chat --no-widget -s interrupted {question}",
    "for": "for delta in s.send({question!r}): pass",
    "await": "await s.send({question!r})",
    "aask": "await s.aask({question!r})",
    "async for": "async for delta in s.send({question!r}): pass",
    "stop": "t = s.send({question!r})\nfor n in range(100):\n    s.stop()",
    "open": "for n in range(60): nbchat.session(f'other {{n % 9}}')",
    "thread": "for n in range(20): display(nbchat.ChatWidget(s)); s.messages, s.cost, s.status",
    "loop": "for n in range(1000): s.ask({question!r}, request_id={question!r})",
    "first": "s = nbchat.session('interrupted')",
}
"""What runs while the interrupt comes. "first" makes the app of a kernel that has none."""
BLOCKING = ("ask", "result", "chat", "plain", "for")
"""Here the turn that was waited for is stopped when the cell has ended."""
PREPARE = {"first": "nbchat.app.app().close()"}
PROBE = """
import sys, time
nbchat.add_provider("lab", **json.loads({place!r}))  # a key that is given lasts as long as the app
slot = sys.modules["_nbchat_process"]
assert slot.lock.acquire(timeout=5), "the process's lock is held"
slot.lock.release()
s = nbchat.session("interrupted")
at_once, end = not s._core.busy, time.monotonic() + 10
while s._core.busy and time.monotonic() < end:
    time.sleep(0.005)
before = s.status
m = s.ask({question!r})
print(json.dumps({{"at_once": at_once, "before": before, "after": s.status, "probe": m.status,
    "messages": [[m.role, m.text if m.role == "user" else m.status] for m in s.messages]}}))
"""


@dataclass
class Result:
    """How often each way was hit, and how often its cell was interrupted by it."""

    hits: dict[str, list[int]] = field(default_factory=dict)
    went_on: dict[str, int] = field(default_factory=dict)

    def note(self, way: str, cell: Cell) -> None:
        hit = self.hits.setdefault(way, [0, 0])
        hit[0] += cell.error is not None
        hit[1] += 1

    def __str__(self) -> str:
        hits = ", ".join(f"{way} {hit} of {all_}" for way, (hit, all_) in self.hits.items())
        return f"kernel and session usable every time; interrupted: {hits}; turns that went on by themselves: {self.went_on or 0}"


def interrupt_once(inside: Kernel, server: NumberedServer, number: int, way: str, chance: random.Random) -> tuple[Cell, bool]:
    """Run one cell, interrupt it, and check what is promised; returns the cell and whether the session was idle at once."""
    question, probe = asking(f"q{number}", chance.randrange(1, 20), 10), asking(f"probe{number}", 2, 0)
    if way in PREPARE:
        prepared = inside.run(PREPARE[way])
        assert prepared.error is None, prepared.error
    request = inside.send_cell(WAYS[way].format(question=question))
    inside.hear(lambda message: message["msg_type"] == "execute_input")
    threading.Event().wait(chance.uniform(0, 0.25) ** (2 if chance.random() < 0.5 else 1))
    inside.manager.interrupt_kernel()
    cell = inside.wait_cell(request, 15)
    assert cell.error is None or cell.error["ename"] in ("KeyboardInterrupt", "Interrupted", "CancelledError"), (way, cell.error)
    place = json.dumps({"base_url": server.base_url, "api_key": server.api_key})
    probed = inside.run(PROBE.format(place=place, question=probe), seconds=30)
    assert probed.error is None, (way, probed.error)
    found = json.loads(probed.text.splitlines()[-1])
    assert (found["probe"], found["after"]) == ("complete", "idle"), (way, found)
    assert found["before"] == "idle", (way, found)
    messages = found["messages"]
    assert [role for role, _ in messages] == ["user", "assistant"] * (len(messages) // 2)
    questions = [text for role, text in messages if role == "user"]
    assert len(questions) == len(set(questions)), (way, "a question is double")
    assert questions[-1] == probe
    assert {status for role, status in messages if role == "assistant"} <= {"complete", "stopped"}, (way, messages)
    assert len(server.questions) == len(set(server.questions)), (way, "a question was paid twice")
    return cell, found["at_once"]


def run(samples: int, seed: int, directory: Path) -> Result:
    """Interrupt one kernel `samples` times. Raises AssertionError for a broken promise."""
    chance, result = random.Random(seed), Result()
    with NumberedServer() as server, kernel(server, directory / "home") as inside:
        inside.run(f"s = nbchat.session({NAME!r})")
        for number in range(samples):
            way = list(WAYS)[number % len(WAYS)]
            cell, at_once = interrupt_once(inside, server, number, way, chance)
            result.note(way, cell)
            if way in BLOCKING and not at_once:
                result.went_on[way] = result.went_on.get(way, 0) + 1
    return result


if __name__ == "__main__":
    attack("interrupts of a kernel", 200, run)
