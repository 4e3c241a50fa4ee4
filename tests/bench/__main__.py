"""The benchmarks: `python -m tests.bench [B1 ... traffic]` runs some or all and prints a table; a missed target exits with 1.

Each runs its baseline beside it, on the same machine in the same minutes, and compares ratios: absolute times say little.
Needs a built front end (B3 to B8; B13 and B14 build their own, and B13 has npm bring its peers), and a machine that does
nothing else: B7 and B8 measure waiting, and a busy core makes them wait; B2 and B9 measure what waking up costs, B12 and B16 look
for the moment in which a core is full, B10 and aims are times, B13 and B14 processor times, which others' work makes longer too.
Where it cannot be had, real-time priority comes close: `chrt -r 1 python -m tests.bench B7 B8` (Linux, as root).
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.bench import (
    aims,
    b1_ingest,
    b2_live,
    b3_startup,
    b4_linear,
    b5_bytes,
    b6_cpu,
    b7_first_delta,
    b8_busy,
    b9_durable,
    b10_search,
    b11_redis,
    b12_streams,
    b13_markdown,
    b14_reopening,
    b15_logs,
    b16_sessions,
    traffic,
)
from tests.bench.rows import Row, table

_BENCHMARKS = {
    "B1": b1_ingest.run,
    "B2": b2_live.run,
    "B3": b3_startup.run,
    "B4": b4_linear.run,
    "B5": b5_bytes.run,
    "B6": b6_cpu.run,
    "B7": b7_first_delta.run,
    "B8": b8_busy.run,
    "B9": b9_durable.run,
    "B10": b10_search.run,
    "B11": b11_redis.run,
    "B12": b12_streams.run,
    "B13": b13_markdown.run,
    "B14": b14_reopening.run,
    "B15": b15_logs.run,
    "B16": b16_sessions.run,
    "aims": aims.run,
    "traffic": traffic.run,
}


def main() -> int:
    """Run the benchmarks that were named (all, by default) and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="nbchat's benchmarks")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of: {', '.join(_BENCHMARKS)} (all)")
    names = parser.parse_args().names or list(_BENCHMARKS)
    if unknown := [name for name in names if name not in _BENCHMARKS]:
        parser.error(f"unknown: {', '.join(unknown)}")
    rows: list[Row] = []
    for name in names:
        start = time.monotonic()
        rows += _BENCHMARKS[name]()
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    print(table(rows))
    print(f"load of the last minute: {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
