"""The same bytes read by the official openai client: text, reasoning, tool calls, finish reason and usage agree.

Where that client is wrong, a vector has `"oracle": false` and a `rule`: the name of a written rule by which it is (rules.json
beside the folder of vectors). Such an exemption must be needed: where the clients agree it may not stand.
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
RULES: dict[str, str] = json.loads((VECTORS.parent / "rules.json").read_text())
CASES = [(path.stem, case) for path in sorted(VECTORS.glob("*.json")) for case in json.loads(path.read_text())]


def named(oracle: bool) -> list[Any]:
    return [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in CASES if case["oracle"] is oracle]


def both(case: dict[str, Any]) -> tuple[Reading, Reading]:
    """What ours and theirs make of a case, made comparable."""
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
    if theirs.tokens in ((0, 0, None, None), (None, None, None, None)):
        theirs.tokens = None
    if not case["finished"]:
        assert ours.failed
        theirs.failed = True
    if ours.tokens is not None and ours.tokens[2] is not None and theirs.tokens is not None and theirs.tokens[2] is None:
        theirs.tokens = (*theirs.tokens[:2], ours.tokens[2], theirs.tokens[3])  # DeepSeek's own field, which it does not know
    return ours, theirs


@pytest.mark.parametrize("case", named(True))
def test_agrees_with_the_official_client(case: dict[str, Any]) -> None:
    """Both clients read the same from the same server, except that a cut is an error for ours alone."""
    ours, theirs = both(case)
    assert ours == theirs
    assert case["rule"] == ""


@pytest.mark.parametrize("case", named(False))
def test_differs_by_a_written_rule(case: dict[str, Any]) -> None:
    """What that client makes of it is something else, and a rule says why."""
    assert case["rule"] in RULES
    ours, theirs = both(case)
    assert ours != theirs


def test_each_rule_has_its_vector() -> None:
    """No rule without a case, and more cases that agree than such that do not."""
    assert {case["rule"] for _, case in CASES} == {"", *RULES}
    assert len(named(True)) > len(named(False)) > 25
