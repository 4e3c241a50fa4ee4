"""Choices: what people chose for this and later kernels, besides models and providers: titles, prompts, timeouts, budgets.

Owns their names in the settings store and what a value that cannot be used counts as; who acts on them is not its matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from nbchat.sessions.budget import amount_of
from nbchat.sessions.ports import Limits, SettingsStore

__all__ = ["BUDGETS", "Choices", "Titles"]

Titles = Literal["auto", "always", "off"]
BUDGETS = ("turn", "session", "day")
"""What there can be a budget of; each is saved as "budget_...", a decimal number as text."""


class Choices:
    """The saved settings that are not the sessions' own. Changed on the background loop; any thread may read."""

    def __init__(self, settings: SettingsStore) -> None:
        self._settings = settings
        self._values: dict[str, Any] = {}

    async def load(self) -> None:
        """Read what was saved; call once, before anything else."""
        self._values = await self._settings.settings()

    def get(self, name: str, otherwise: Any = None) -> Any:
        """Return a choice by name."""
        found = self._values.get(name)
        return otherwise if found is None else found

    async def set(self, name: str, value: Any) -> None:
        """Save a choice, for this and later kernels; None takes it back."""
        self._values[name] = value
        await self._settings.set(name, value)

    async def change(self, name: str, change: Callable[[Any], Any]) -> None:
        """Save what `change` makes of a choice as it is saved by now: another kernel may have changed it."""
        await self.set(name, change((await self._settings.settings()).get(name)))

    @property
    def titles(self) -> Titles:
        """Whether models are asked to name conversations."""
        return cast("Titles", self.get("titles", "auto"))

    @property
    def drain_seconds(self) -> float:
        """How long a stopped request is read on for its usage."""
        chosen = self.get("drain_seconds")
        return chosen if isinstance(chosen, (int, float)) else 0.0

    @property
    def retention_days(self) -> float | None:
        """After how many days without a change conversations go; None for never."""
        days = self.get("retention_days")
        return days if isinstance(days, (int, float)) and days > 0 else None

    @property
    def max_running(self) -> int | None:
        """How many answers may run at once, in all kernels; None for any number."""
        chosen = self.get("max_running")
        return chosen if isinstance(chosen, int) and chosen > 0 else None

    @property
    def limits(self) -> Limits:
        """The budgets."""
        return Limits(**{kind: amount_of(self.get(f"budget_{kind}")) for kind in BUDGETS})
