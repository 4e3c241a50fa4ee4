"""All long attacks, one after the other, in full: python -m tests.soak (the lossy wire alone takes about an hour).

The last two make virtual environments, and so need a package index.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

ATTACKS = (
    "rules", "kills", "session_kills", "producer_kills", "two_kernels",
    "stops", "sends", "interrupts", "interleavings", "cuts", "fuzz",
    "attaching", "redis_faults", "many_streams", "lossy_wire", "matrix", "first_answer",
)  # fmt: skip


def main() -> int:
    """Run the attacks, each in a process of its own; returns how many failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("attacks", nargs="*", metavar="attack", help=f"any of: {', '.join(ATTACKS)} (all)")
    attacks = parser.parse_args().attacks or ATTACKS
    if unknown := [name for name in attacks if name not in ATTACKS]:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(ATTACKS)}")
    failed = [name for name in attacks if subprocess.run([sys.executable, "-m", f"tests.soak.{name}"], check=False).returncode]
    print(f"{len(attacks) - len(failed)} passed, {len(failed)} failed", *failed)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
