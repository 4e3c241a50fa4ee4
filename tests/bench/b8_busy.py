"""B8: tokens keep coming while a cell computes."""

from __future__ import annotations

from nbchat.testing import ScriptedServer
from tests.bench.answers import stamped
from tests.bench.kernels import Kernel
from tests.bench.rows import Row

_TOKENS = 750
_PACE = 50


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def delays(kernel: Kernel, *, busy: bool) -> list[float]:
    """Seconds from the server's write to IOPub, of each token of one answer."""
    position = kernel.position
    kernel.run("t = s.send('go')")
    kernel.wait(lambda message: bool(message.text), position)
    if busy:
        kernel.run("while not t.done: sum(range(100))")
    kernel.wait(lambda message: message.ends, position)
    return [message.time - float(stamp) / 1e6 for message in kernel.since(position) for stamp in message.text.split()]


def run() -> list[Row]:
    """Stream 750 tokens at 50 a second, with the kernel at rest and with a pure-Python loop in a cell."""
    with ScriptedServer([stamped(_TOKENS, 1 / _PACE) for _ in range(2)]) as server, Kernel() as kernel:
        kernel.connect(server)
        idle, busy = delays(kernel, busy=False), delays(kernel, busy=True)
    assert len(idle) == len(busy) == _TOKENS
    rest, work = p99(idle), p99(busy)
    return [
        Row(
            "B8", "delta p99 in a busy Python cell / idle p99", f"{work * 1000:.0f} ms", f"{rest * 1000:.0f} ms", work / rest, 1.5
        ),
        Row("B8", "delta p99 in a busy Python cell, ms", f"{work * 1000:.0f} ms", "", work * 1000, 50),
    ]
