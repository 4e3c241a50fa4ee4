"""PriceFile: the prices that people set themselves, in a JSON file beside the database, which they may also edit by hand.

    {"lab/tiny": {"input": "0.10", "output": "0.40", "cached": "0.01", "currency": "EUR", "dated": "2026-01-01",
                  "tiers": [{"above": 200000, "input": "0.20", "output": "0.60"}]},
     "gpt-4o": {"input": 2.5, "output": 10, "request": 0}}

A name is a label "provider/model", or a model's id at whatever provider; the label wins. Prices are per million tokens, as
numbers or text; `request` is a fee per request; members are those of `core.price.Price`. Owns the file's form and its one way of
being written; what is wrong in it is said in `problems` and has no effect. Any thread.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbchat.core.errors import ConfigError
from nbchat.core.price import RATES, Price, Tier, parse_amount

__all__ = ["PriceFile"]

_LARGEST = 1_000_000
"""Bytes: a file that is longer is none of ours."""
_WORDS = ("currency", "dated", "source")


class _FormError(ValueError):
    """What stands in the file is no price; its text says why."""


class PriceFile:
    """The prices in the file at `path`, read again whenever it has changed; a file that is not there holds none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._prices: dict[str, Price] = {}
        self._problems: tuple[str, ...] = ()

    def price(self, label: str, model: str) -> Price | None:
        """Return the price that was set for this label, else for this model's id; reads the file when it has changed."""
        with self._lock:
            self._refresh()
            return self._prices.get(label, self._prices.get(model))

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong in the file, for people; empty when all of it is used."""
        with self._lock:
            self._refresh()
            return self._problems

    def __len__(self) -> int:
        with self._lock:
            self._refresh()
            return len(self._prices)

    def set(self, name: str, price: Price | None) -> None:
        """Write the price of a label or a model's id, None to remove it; whole or not at all.

        Raises ConfigError where the file cannot be read or written: what people wrote there is never overwritten.
        """
        with self._lock:
            try:
                entries = self._load()
                if price is None:
                    entries.pop(name, None)
                else:
                    entries[name] = {member: value for member, value in price.to_json().items() if member != "source"}
                self._write(entries)
            except (OSError, ValueError) as error:
                hint = "Correct or remove that file, or make it writable; nothing was changed."
                raise ConfigError(f"Your prices in {self.path} cannot be changed: {error}", hint=hint) from None

    def _refresh(self) -> None:
        try:
            found = self.path.stat()
            seen = (found.st_mtime_ns, found.st_size)
        except OSError:
            self._seen, self._prices, self._problems = None, {}, ()
            return
        if seen == self._seen:
            return
        self._seen, self._prices, problems = seen, {}, []
        day = datetime.fromtimestamp(found.st_mtime, timezone.utc).date().isoformat()
        try:
            entries = self._load()
        except (OSError, ValueError) as error:
            self._problems = (f"cannot be read: {error}",)
            return
        for name, entry in entries.items():
            try:
                self._prices[name] = _price(entry, day)
            except ValueError as error:
                problems.append(f"{name}: {error}")
        self._problems = tuple(problems)

    def _load(self) -> dict[str, Any]:
        """Return what the file holds; raises ValueError for what is no object of prices."""
        if not self.path.exists():
            return {}
        if self.path.stat().st_size > _LARGEST:
            raise _FormError("it is too large to be a file of prices")
        try:
            found = json.loads(self.path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
        except RecursionError:
            raise _FormError("it is nested too deeply") from None
        if not isinstance(found, dict):
            raise _FormError('it must hold an object: {"provider/model": {"input": "0.10", ...}}')
        return found

    def _write(self, entries: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(entries, indent=1, ensure_ascii=False, default=str)  # a number that was read becomes text
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)  # readable for its owner alone
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise


def _price(entry: Any, day: str) -> Price:
    """Return the price that an entry sets; raises ValueError for what is none."""
    if not isinstance(entry, dict):
        raise _FormError("no object of prices")
    strange = sorted(entry.keys() - {*RATES, *_WORDS, "request", "tiers"})
    if strange:
        raise _FormError(f"{', '.join(strange)} is no price that nbchat knows ({', '.join((*RATES, 'request'))})")
    values = _amounts(entry, (*RATES, "request"))
    words = {name: entry[name] for name in _WORDS if name in entry}
    if not all(isinstance(word, str) and word for word in words.values()):
        raise _FormError("currency, dated and source are text")
    tiers = entry.get("tiers", [])
    if not isinstance(tiers, list):
        raise _FormError("tiers is no list")
    ordered = tuple(sorted(map(_tier, tiers), key=lambda tier: tier.above))
    return Price(**{"source": "prices.json", "dated": day, **values, **words}, tiers=ordered)


def _tier(entry: Any) -> Tier:
    above = entry.get("above") if isinstance(entry, dict) else None
    if not isinstance(above, int) or isinstance(above, bool) or above < 0:
        raise _FormError('a tier says above how many input tokens it holds: {"above": 200000, "input": ...}')
    strange = sorted(entry.keys() - {*RATES, "above"})
    if strange:
        raise _FormError(f"{', '.join(strange)} is no price of a tier")
    return Tier(above, Price(**_amounts(entry, RATES)))


def _amounts(entry: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    amounts = {name: parse_amount(entry[name]) for name in names if entry.get(name) is not None}
    wrong = [name for name, amount in amounts.items() if amount is None]
    if wrong:
        raise _FormError(f"{', '.join(wrong)} is no price: a number of at least 0 per million tokens is one")
    return amounts
