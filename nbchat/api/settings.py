"""Settings: what is set, where it lives, and the one thing people change here: the active model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbchat.export.tables import Table

if TYPE_CHECKING:
    from nbchat.app import App

__all__ = ["Settings"]


class Settings:
    """`nbchat.settings`: displays as a table; `settings.model = "provider/model"` chooses the active model."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def model(self) -> str:
        """The label of the model that conversations without an own one use."""
        return self._app.manager.default_model

    @model.setter
    def model(self, label: str) -> None:
        self._app.background.wait(self._app.manager.set_default_model(label))

    def table(self) -> Table:
        """Return the settings as rows: name, value and where it is set."""
        return Table(
            [
                {"setting": "model", "value": self.model, "set by": 'nbchat.settings.model = "provider/model"'},
                {"setting": "store", "value": self._app.place, "set by": "NBCHAT_STORE, NBCHAT_HOME"},
                {"setting": "streams", "value": self._app.streams, "set by": "NBCHAT_STREAMS"},
            ]
        )

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        table = self.table()
        return {"text/plain": repr(table), "text/html": table._repr_html_()}
