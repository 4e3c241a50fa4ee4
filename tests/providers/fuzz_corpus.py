"""What a fuzzer begins with: the golden vectors, as each target takes them. Loads nothing of nbchat: atheris must do that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["STREAMS", "seed_corpus"]

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def _payload(chunk: Any) -> bytes:
    return (chunk if isinstance(chunk, str) else json.dumps(chunk, ensure_ascii=False)).encode("utf-8", "surrogatepass")


def _streams() -> list[bytes]:
    """Every golden vector as the bytes of its stream."""
    cases = (case for path in sorted((VECTORS / "chat_completions").glob("*.json")) for case in json.loads(path.read_text()))
    return [b"".join(b"data: " + _payload(chunk) + b"\n\n" for chunk in case["chunks"]) for case in cases]


STREAMS = _streams()


def seed_corpus(target: str, directory: Path) -> None:
    """Write what a fuzzer begins with: the golden vectors as this target takes them."""
    if target in ("stream", "bounded"):
        found = [b"\x00" + each for each in STREAMS]
    elif target == "whole":
        found = [line.removeprefix(b"data: ") for each in STREAMS for line in each.split(b"\n\n")[:2]]
    elif target == "refusal":
        bodies = json.loads((VECTORS / "errors" / "refusals.json").read_text())
        found = [bytes([(body["status"] - 400) % 200]) + body["body"].encode() for body in bodies]
    else:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
        found = [b"\x00" + head + b"5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n", b"\x01HTTP/1.1 100 X\r\n\r\n" + head]
    for number, each in enumerate(found):
        (directory / f"{target}-{number:03}").write_bytes(each)
