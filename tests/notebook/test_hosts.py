"""What must hold wherever nbchat runs, in this environment; `python -m tests.soak.matrix` asks the same of a dozen others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.matrix import SCENARIOS

pytestmark = pytest.mark.timeout(300)

ELSEWHERE = {"stream, Stop", "own thread", "nbclient", "script", "trio"}
"""Tested apart here (test_in_a_kernel, api/test_session, docs/test_notebooks, app/test_process, api/test_awaiting)."""


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - ELSEWHERE))
def test_it_runs_here(name: str, tmp_path: Path) -> None:
    """Nesting, reloads, a fork, a restart, papermill, a terminal, asyncio: each as people run it, in a process of its own."""
    SCENARIOS[name]("", tmp_path)
