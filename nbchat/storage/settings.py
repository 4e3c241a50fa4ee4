"""Settings and providers in SQL. A provider's row says where its key is to be found, never the key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbchat.core.models import KeyPlace, Provider
from nbchat.storage.codec import dump
from nbchat.storage.database import Database

__all__ = ["delete_provider", "providers", "save_provider", "set_value", "settings", "update_provider"]

_COLUMNS = (
    "id, base_url, preset, name, key_kind, key_name, headers, insecure, enabled, created, "
    "proxy, ca_bundle, last_used, last_model, learned"
)

_CHANGEABLE = frozenset({"enabled", "last_used", "last_model", "learned"})


def settings(db: Database) -> dict[str, Any]:
    """Return all settings by name."""
    return {name: json.loads(value) for name, value in db.rows("SELECT name, value FROM settings ORDER BY name")}


def set_value(db: Database, name: str, value: Any) -> None:
    """Save one setting; None removes it."""
    with db.transaction():
        db.execute("DELETE FROM settings WHERE name = ?", (name,))
        if value is not None:
            db.execute("INSERT INTO settings (name, value) VALUES (?, ?)", (name, dump(value)))


def providers(db: Database) -> list[Provider]:
    """Return the configured providers, the one saved first first."""
    return [
        Provider(
            id=row[0],
            base_url=row[1],
            preset=row[2],
            name=row[3],
            key=KeyPlace(row[4], row[5]),
            headers=tuple((name, value) for name, value in json.loads(row[6])),
            insecure=bool(row[7]),
            enabled=bool(row[8]),
            created=row[9],
            proxy=row[10],
            ca_bundle=row[11],
            last_used=row[12],
            last_model=row[13],
            learned=json.loads(row[14]),
        )
        for row in db.rows(f"SELECT {_COLUMNS} FROM providers ORDER BY position")
    ]


def save_provider(db: Database, provider: Provider) -> None:
    """Save a provider; one with its id is replaced and keeps its place in the order."""
    names = _COLUMNS.split(", ")
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    with db.transaction():
        db.execute(
            f"INSERT INTO providers ({_COLUMNS}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT (id) DO UPDATE SET {sets}",
            (
                provider.id, provider.base_url, provider.preset, provider.name, provider.key.kind, provider.key.name,
                dump(provider.headers), provider.insecure, provider.enabled, provider.created, provider.proxy,
                provider.ca_bundle, provider.last_used, provider.last_model, dump(dict(provider.learned)),
            ),
        )  # fmt: skip


def update_provider(db: Database, provider_id: str, changes: Mapping[str, Any]) -> None:
    """Change whether a provider is used and what happened to it, and nothing else: another process may have edited the rest."""
    values = {name: dump(dict(value)) if name == "learned" else value for name, value in changes.items()}
    assert values.keys() <= _CHANGEABLE
    sets = ", ".join(f"{name} = ?" for name in values)
    with db.transaction():
        db.execute(f"UPDATE providers SET {sets} WHERE id = ?", (*values.values(), provider_id))


def delete_provider(db: Database, provider_id: str) -> None:
    """Remove a provider."""
    with db.transaction():
        db.execute("DELETE FROM providers WHERE id = ?", (provider_id,))
