"""chosen: what is set, by whom and how that is changed: `nbchat.settings` and `%nbchat config`.

Owns the table; what a setting means and which values it takes is the matter of those who act on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nbchat.export.tables import Table
from nbchat.providers.timeouts import SETTABLE, timeouts_of

if TYPE_CHECKING:
    from nbchat.notebook.services import Services

__all__ = ["config_table", "settings_table"]


def settings_table(services: Services) -> Table:
    """Return the settings of this and later kernels as rows: setting, value and what sets it."""
    return Table(_saved(services))


def config_table(services: Services, magics: Any) -> Table:
    """Return those, and below them what holds for `%chat` in this kernel: the traits of `magics`."""
    return Table([*_saved(services), *_of_the_magics(magics)])


def _saved(services: Services) -> list[dict[str, Any]]:
    choices = services.choices
    timeouts = timeouts_of(choices.get("timeouts"))
    rows = (
        ("model", services.manager.default_model, 'nbchat.settings.model = "provider/model"'),
        ("titles", choices.titles, 'nbchat.settings.titles = "auto" | "always" | "off"'),
        ("retention_days", choices.retention_days, "nbchat.settings.retention_days = days"),
        ("drain_seconds", choices.drain_seconds, "nbchat.settings.drain_seconds = seconds"),
        ("max_running", choices.max_running, "nbchat.settings.max_running = count"),
        ("timeouts", {n: getattr(timeouts, n) for n in SETTABLE}, 'nbchat.settings.timeouts = {"first_token": seconds}'),
        ("budget_turn", choices.limits.turn, 'nbchat.settings.budget_turn = "0.05"'),
        ("budget_session", choices.limits.session, "nbchat.settings.budget_session, s.budget"),
        ("budget_day", choices.limits.day, 'nbchat.settings.budget_day = "2"'),
        ("store", services.place(), "NBCHAT_STORE, NBCHAT_HOME"),
        ("streams", services.streams, "NBCHAT_STREAMS"),
    )
    return [_row(*row) for row in rows]


def _of_the_magics(magics: Any) -> Iterator[dict[str, Any]]:
    for name in sorted(magics.class_own_traits(config=True)):
        yield _row(f"NbChat.{name}", getattr(magics, name), f"%config NbChat.{name} = ...; c.NbChat.{name} in a file")


def _row(setting: str, value: Any, set_by: str) -> dict[str, Any]:
    return {"setting": setting, "value": value, "set by": set_by}
