"""Prompts: questions that something on their way to the model would like to change: tests/vectors/prompts.json."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["LINES", "PROMPTS"]

_FILE = Path(__file__).resolve().parents[1] / "vectors" / "prompts.json"

PROMPTS: dict[str, str] = {
    each["name"]: each["text"] * each.get("repeat", 1) for each in json.loads(_FILE.read_text(encoding="utf-8"))["prompts"]
}
"""The questions by their names."""
LINES: dict[str, str] = {name: text for name, text in PROMPTS.items() if not {"\n", "\r"} & {*text}}
"""Those that stand on one line, where nothing but a line feed or a carriage return ends one."""
