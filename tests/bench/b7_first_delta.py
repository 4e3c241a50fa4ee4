"""B7: how soon the first token is on its way to the page."""

from __future__ import annotations

import statistics

from nbchat.testing import Gate, ScriptedServer
from tests.bench.answers import raw_reader, stamped
from tests.bench.kernels import Kernel
from tests.bench.rows import Row

_TURNS = 40
_QUIET = 0.2
"""Seconds before the first token, so that it comes to a kernel at rest."""


def run() -> list[Row]:
    """Time the first delta of forty answers from the server's write to IOPub, in turn with a raw socket's read."""
    delays, raw_delays = [], []
    with ScriptedServer([]) as server, Kernel() as kernel:
        kernel.connect(server)
        for _ in range(_TURNS):
            gate, position = Gate(), kernel.position
            server.then(stamped(1, _QUIET, gate), stamped(1, _QUIET))
            kernel.run("t = s.send('go')")
            gate.wait_reached(1)
            gate.open()
            kernel.wait(lambda message: message.ends, position)
            [first] = [message for message in kernel.since(position) if message.text]
            delays.append(first.time - float(first.text) / 1e6)
            raw_delays += raw_reader(server)["delays"]
    ours, raw = statistics.median(delays), statistics.median(raw_delays)
    return [
        Row(
            "B7",
            "first delta, server write to IOPub / raw socket",
            f"{ours * 1000:.2f} ms",
            f"{raw * 1000:.2f} ms",
            ours / raw,
            12,
        )
    ]
