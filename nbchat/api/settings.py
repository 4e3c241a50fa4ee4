"""Settings: what is set, where it lives, and what people change here: the active model, titles, budgets, how long things are
kept."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, get_args

from nbchat.core.errors import UsageError
from nbchat.export.tables import Table
from nbchat.notebook.chosen import settings_table
from nbchat.sessions.budget import amount_of
from nbchat.sessions.choices import Titles

if TYPE_CHECKING:
    from nbchat.app import App

__all__ = ["Settings"]

_TITLES = get_args(Titles)
_LONGEST_DRAIN = 600


class Settings:
    """`nbchat.settings`: displays as a table. Settable, for this and later kernels: `model`, `titles`, `retention_days`,
    `timeouts`, `drain_seconds`, `max_running`, `budget_turn`, `budget_session`, `budget_day`. A value that cannot be used raises
    UsageError (a model of an unknown provider ConfigError), and nothing is changed."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def model(self) -> str:
        """The label of the model that conversations without an own one use."""
        return self._app.manager.default_model

    @model.setter
    def model(self, label: str) -> None:
        self._app.background.wait(self._app.manager.set_default_model(label))

    @property
    def recent_models(self) -> tuple[str, ...]:
        """The labels of the last ten models that were asked, newest first."""
        return self._app.manager.recent_models

    @property
    def titles(self) -> Titles:
        """Whether models are asked to name conversations: "auto" asks those that are not on this machine (a small request, in
        the ledger as "title"), "always" every one, "off" none; then the first words of the question are the title."""
        return self._app.choices.titles

    @titles.setter
    def titles(self, value: str) -> None:
        if value not in _TITLES:
            raise UsageError(f"titles cannot be {value!r}.", hint=f"Choose one of: {', '.join(_TITLES)}.")
        self._app.background.wait(self._app.choices.set("titles", value))

    @property
    def retention_days(self) -> float | None:
        """Conversations that were not touched for so many days are removed at every start; None (the default) keeps all."""
        return self._app.choices.retention_days

    @retention_days.setter
    def retention_days(self, days: float | None) -> None:
        if days is not None and (isinstance(days, bool) or not days > 0):
            raise UsageError("retention_days is a number of days, above 0, or None.", hint="None keeps everything.")
        self._app.background.wait(self._app.choices.set("retention_days", days))

    @property
    def timeouts(self) -> dict[str, float]:
        """The seconds that a request waits: to `connect` (10), for the `first_token` (300) and `between_tokens` (120; comments do
        not count). Set some of them with a dict; None sets all back."""
        from nbchat.providers.timeouts import SETTABLE, timeouts_of

        timeouts = timeouts_of(self._app.choices.get("timeouts"))
        return {name: getattr(timeouts, name) for name in SETTABLE}

    @timeouts.setter
    def timeouts(self, seconds: Mapping[str, float] | None) -> None:
        from nbchat.providers.timeouts import check_timeouts

        checked = None if seconds is None else check_timeouts(seconds)
        self._app.background.wait(self._app.set_timeouts(checked))

    @property
    def budget_turn(self) -> Decimal | None:
        """What one turn may cost, all its requests together, in US dollars; None (the default) is no limit. A request that would
        pass it is not sent. A Decimal, a text or a number; a float counts as it is written."""
        return self._app.choices.limits.turn

    @budget_turn.setter
    def budget_turn(self, amount: Decimal | str | float | None) -> None:
        self._app.background.wait(self._app.set_budget("turn", amount_of(amount)))

    @property
    def budget_session(self) -> Decimal | None:
        """What all requests of a conversation may cost that has no budget of its own (`s.budget`)."""
        return self._app.choices.limits.session

    @budget_session.setter
    def budget_session(self, amount: Decimal | str | float | None) -> None:
        self._app.background.wait(self._app.set_budget("session", amount_of(amount)))

    @property
    def budget_day(self) -> Decimal | None:
        """What all requests of a day may cost, from midnight to midnight where you are, in all kernels; one kernel may pass it by
        what runs in another."""
        return self._app.choices.limits.day

    @budget_day.setter
    def budget_day(self, amount: Decimal | str | float | None) -> None:
        self._app.background.wait(self._app.set_budget("day", amount_of(amount)))

    @property
    def drain_seconds(self) -> float:
        """How long a stopped request is read on, its text discarded, so that its provider can still report what it used; 0 (the
        default) closes it at once, and its usage is estimated. The answer stays as it was when it was stopped; a second stop
        closes the request. What the model goes on writing meanwhile is billed: the price of a figure that is reported."""
        return self._app.choices.drain_seconds

    @drain_seconds.setter
    def drain_seconds(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST_DRAIN:
            raise UsageError(f"drain_seconds is a number of seconds from 0 to {_LONGEST_DRAIN}.", hint="0 stops at once.")
        self._app.background.wait(self._app.choices.set("drain_seconds", seconds or None))

    @property
    def max_running(self) -> int | None:
        """How many of your answers may run at once, in all kernels together; further questions wait. None (the default) is any
        number."""
        return self._app.choices.max_running

    @max_running.setter
    def max_running(self, count: int | None) -> None:
        if count is not None and (isinstance(count, bool) or count != int(count) or count < 1):
            raise UsageError("max_running is a number of answers, at least 1, or None.", hint="None is any number.")
        self._app.background.wait(self._app.choices.set("max_running", None if count is None else int(count)))

    def table(self) -> Table:
        """Return the settings as rows: name, value and where it is set."""
        return settings_table(self._app.services)

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        table = self.table()
        return {"text/plain": repr(table), "text/html": table._repr_html_()}
