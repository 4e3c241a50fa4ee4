"""B6: what a burst costs the kernel, from the socket to IOPub and the database."""

from __future__ import annotations

import statistics

from nbchat.testing import ScriptedServer
from tests.bench.answers import paced, raw_reader
from tests.bench.kernels import Kernel
from tests.bench.rows import Row

_TURNS = 5
_ASK = "_0 = time.process_time(); s.send('go').result(60); time.sleep(0.2); _1 = time.process_time()"


def run() -> list[Row]:
    """Stream 4,000 tokens as fast as the server can; five times after one that warms up, beside a raw socket in turn."""
    with ScriptedServer(paced(4000)) as server, Kernel() as kernel:
        kernel.connect(server)
        first = float(kernel.run(_ASK, "_1 - _0"))
        kernel_cpu, raw_cpu = [], []
        for _ in range(_TURNS):
            kernel_cpu.append(float(kernel.run(_ASK, "_1 - _0")))
            found = raw_reader(server)
            raw_cpu.append(found["cpu"] / found["chunks"])
    ours, raw = statistics.median(kernel_cpu), statistics.median(raw_cpu)
    base = f"{raw * 1e6:.1f} us a chunk"
    return [
        Row(
            "B6",
            "kernel CPU of a 4k burst / (4,000 x raw socket + msgspec)",
            f"{ours * 1000:.0f} ms",
            base,
            ours / raw / 4000,
            17,
        ),
        Row("B6", "the same, the first turn of a kernel", f"{first * 1000:.0f} ms", base, first / raw / 4000),
    ]
