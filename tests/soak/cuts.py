"""Every cut of an answer: both transports x HTTP framing x FIN or RST x each byte offset. Run: python -m tests.soak.cuts"""

from __future__ import annotations

import asyncio
import sys
import time

from tests.providers.cutting import all_cuts, play


def main() -> int:
    """Play all cuts, print what went wrong and how many were played; 0 when nothing did."""
    cuts = list(all_cuts())
    start = time.monotonic()
    wrong = asyncio.run(play(cuts))
    print(*wrong, sep="\n")
    print(f"{len(cuts)} cuts, {len(wrong)} wrong, {time.monotonic() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
