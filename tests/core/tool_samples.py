"""Functions and types that people might give as tools, and whatever JSON a model might write."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated, Any

from hypothesis import strategies as st

from nbchat.core.cancelling import CancelToken

__all__ = ["JSON", "Point", "Unit", "coroutine", "weather"]


class Unit(enum.Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5
    tags: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.x > 100:
            raise ValueError("x is at most 100")


def weather(
    city: str, unit: Unit = Unit.CELSIUS, *, days: Annotated[int, "at most 7"] = 1, extra: Any = None, token: CancelToken
) -> str:
    """Say what the weather
    will be.

    More about it.

    Args:
        city: where,
            in English
        unit (Unit): of the temperature
        days: how many days

    Returns:
        Words.
    """
    return f"{city} {unit.name} {days} {token.cancelled}"


async def coroutine(x: int) -> int:
    """Later."""
    return x


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
