"""A cell that keeps its kernel busy until the test lets it go: no longer, and never too short on a slow machine."""

from __future__ import annotations

from pathlib import Path


class HeldCell:
    """Code that runs until `release()`."""

    def __init__(self, folder: Path) -> None:
        self._sign = folder / "let go"

    @property
    def code(self) -> str:
        return f"import pathlib, time\nwhile not pathlib.Path({str(self._sign)!r}).exists():\n    time.sleep(0.05)"

    def release(self) -> None:
        self._sign.touch()
