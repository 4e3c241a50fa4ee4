"""B3: what loading nbchat costs before anybody has asked anything."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from tests.bench.kernels import Kernel
from tests.bench.rows import Row

_LOAD = "import nbchat\nget_ipython().run_line_magic('load_ext', 'nbchat')"
_PEERS = "import ipywidgets, anywidget, httpx, nest_asyncio, sqlite3"
_KERNELS = 5


def cpu(code: str, clock: str = "thread_time", before: str = "", after: str = "") -> float:
    """CPU milliseconds that a cell costs in a fresh kernel: the main thread's, or with "process_time" all threads'."""
    with Kernel() as kernel:
        kernel.run(f"import time\n{before}")
        kernel.run(f"_0 = time.{clock}()\n{code}\n{after}\n_1 = time.{clock}()")
        return 1000 * float(kernel.run("", "_1 - _0"))


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_KERNELS))


def run() -> list[Row]:
    """Measure in fresh kernels, five each, and take medians."""
    load, peers = median(lambda: cpu(_LOAD)), median(lambda: cpu(_PEERS))
    ready = "import ipykernel, IPython, asyncio, ipywidgets, anywidget"
    above = median(lambda: cpu(_LOAD, before=ready))
    warm = "import threading\n[t.join() for t in threading.enumerate() if t.name == 'nbchat-warm-up']"
    whole = median(lambda: cpu(_LOAD, "process_time", before=ready, after=warm))
    return [
        Row("B3", "load_ext CPU / importing what it needs, in a kernel", f"{load:.1f} ms", f"{peers:.0f} ms", load / peers, 0.15),
        Row("B3", "import nbchat + load_ext above ipywidgets and anywidget, main thread, ms", f"{above:.1f} ms", "", above, 80),
        Row("B3", "the same with the warming up on its thread, ms", f"{whole:.0f} ms", "", whole),
    ]
