"""Bombs: 100 MB in one line, one chunk, one body, and gzip that would unfold to it: a typed error, at most 32 MB more memory."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.providers.bombs import BOMBS, bombing
from tests.providers.cutting import TRANSPORTS, Transport
from tests.providers.raw_server import serving

ROOT = Path(__file__).resolve().parents[2]
GROWTH = 32 * 1024
"""kB."""


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_an_error_and_fills_no_memory(name: str, transport: Transport) -> None:
    """Measured as the highest resident set of a process that does nothing else."""

    async def main() -> dict[str, Any]:
        async with serving(bombing(name)) as server:
            command = [sys.executable, "-m", "tests.providers.bombs", server.base_url, transport]
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
            )
            said, trouble = await process.communicate()
            assert process.returncode == 0, trouble.decode()
            found: dict[str, Any] = json.loads(said)
            return found

    found = asyncio.run(main())
    assert found["kind"] == BOMBS[name][2], found["text"]
    assert found["growth"] <= GROWTH
    assert len(found["text"]) < 700
