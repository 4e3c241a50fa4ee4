"""All long attacks, one after the other, in full: python -m tests.soak (the lossy wire alone takes about an hour)."""

from __future__ import annotations

import subprocess
import sys

ATTACKS = (
    "rules", "kills", "session_kills", "two_kernels", "stops", "sends", "interrupts", "interleavings", "cuts", "fuzz",
    "lossy_wire",
)  # fmt: skip


def main() -> int:
    """Run every attack in a process of its own; returns how many failed."""
    failed = [name for name in ATTACKS if subprocess.run([sys.executable, "-m", f"tests.soak.{name}"], check=False).returncode]
    print(f"{len(ATTACKS) - len(failed)} passed, {len(failed)} failed", *failed)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
