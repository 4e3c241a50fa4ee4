"""A seeded sample of interrupts at random moments of a kernel; `python -m tests.soak.interrupts` runs the full number."""

from __future__ import annotations

from pathlib import Path

from tests.soak import interrupts


def test_an_interrupt_at_any_moment_leaves_the_kernel_usable(tmp_path: Path) -> None:
    """P14: kernel and session answer, nothing runs on or is locked, each way of asking, stopping and opening once."""
    result = interrupts.run(samples=len(interrupts.WAYS), seed=20261127, directory=tmp_path)
    assert sum(hit for hit, _ in result.hits.values()) >= 3
