"""A tool box on a bench: somebody in front of it, some tools, and all that it tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from nbchat.core.events import ToolResult
from nbchat.core.messages import ToolCallPart
from nbchat.sessions.state import Approval
from nbchat.sessions.toolbox import ToolBox

__all__ = ["Bench", "add", "call", "later", "result", "stopped"]


class Bench:
    """A tool box with somebody in front of it, and all that it told."""

    def __init__(self, *functions: Callable[..., Any], allow: bool = True, somebody: bool = True) -> None:
        self.asked: list[Approval] = []
        self.results: list[ToolResult] = []
        self.changes = 0
        self.somebody = somebody
        self.box = ToolBox(self.changed, self.asked.append, lambda: self.somebody)
        self.box.set(functions)
        if allow:
            self.box.allow(*[spec.name for spec in self.box.specs])

    def changed(self) -> None:
        self.changes += 1

    async def run(self, *calls: ToolCallPart) -> list[ToolResult]:
        await asyncio.wait_for(self.box.run(calls, self.results.append), 20)
        return self.results

    def start(self, *calls: ToolCallPart) -> asyncio.Task[None]:
        return asyncio.create_task(self.box.run(calls, self.results.append))

    @property
    def texts(self) -> dict[str, str]:
        return {result.call_id: result.text for result in self.results}


def call(name: str, arguments: str = "{}", id: str = "c1") -> ToolCallPart:
    return ToolCallPart(id, name, arguments)


def result(bench: Bench, *calls: ToolCallPart) -> ToolResult:
    """Run the calls; return the last result."""
    return asyncio.run(bench.run(*calls))[-1]


async def stopped(task: asyncio.Task[None]) -> float:
    """Stop a run; returns the seconds that it took."""
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return time.monotonic() - begun


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


async def later(text: str) -> str:
    """Give it back."""
    await asyncio.sleep(0)
    return text
