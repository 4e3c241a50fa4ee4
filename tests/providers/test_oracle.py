"""The same bytes read by the official openai client: text, reasoning, tool calls, finish reason and usage agree.

Where that client is known to be wrong, a vector says `"oracle": false` and why.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.providers.raw_server import Connection, framed, serving
from tests.providers.reading import Reading, read_openai, read_ours

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "chat_completions"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(VECTORS.glob("*.json"))
    for case in json.loads(path.read_text())
    if case["oracle"]
]


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_the_official_client(case: dict[str, Any]) -> None:
    """Both clients read the same from the same server, except that a cut is an error for ours alone."""
    pieces = [c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in case["chunks"]]
    response = framed([b"data: " + piece.encode() + b"\n\n" for piece in pieces], "chunked")

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(response)

    async def main() -> tuple[Reading, Reading]:
        async with serving(script) as server:
            return await read_ours(server.base_url), await read_openai(server.base_url)

    ours, theirs = asyncio.run(main())
    ours.status = ours.code = theirs.status = theirs.code = None  # within a stream that client looks for neither
    if theirs.tokens == (0, 0, None, None):
        theirs.tokens = None
    if not case["finished"]:
        assert ours.failed
        theirs.failed = True
    if ours.tokens is not None and ours.tokens[2] is not None and theirs.tokens is not None and theirs.tokens[2] is None:
        theirs.tokens = (*theirs.tokens[:2], ours.tokens[2], theirs.tokens[3])  # DeepSeek's own field, which it does not know
    assert ours == theirs


def test_there_are_enough_cases() -> None:
    """An empty list of vectors would pass the test above."""
    assert len(CASES) > 25
