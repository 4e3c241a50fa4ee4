"""Servers that tests start as processes."""

from __future__ import annotations

import subprocess

PATIENCE = 15
"""Seconds that a server has to end by itself."""


def end(process: subprocess.Popen[bytes] | None) -> None:
    """End a process if it runs: politely, then by force."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
