"""Prompts: system prompts by name, the built-in ones and a person's own (`nbchat.prompts`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from nbchat.core.errors import UsageError
from nbchat.core.prompts import prompt_text, prompts
from nbchat.core.texts import text_of
from nbchat.export.tables import Table

if TYPE_CHECKING:
    from nbchat.app import App

__all__ = ["Prompts"]


class Prompts(MutableMapping[str, str]):
    """A mapping of names to texts: `s.system = nbchat.prompts["tutor"]` gives the conversation a copy.

    `nbchat.prompts["mine"] = "..."` keeps one for later kernels; one with a built-in name takes its place until it is deleted.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    def _own(self) -> dict[str, str]:
        return _read(self._app.choices.get("prompts"))

    def __getitem__(self, name: str) -> str:
        return prompt_text(name, self._own())

    def __contains__(self, name: object) -> bool:
        return name in prompts(self._own())

    def __iter__(self) -> Iterator[str]:
        return iter(prompts(self._own()))

    def __len__(self) -> int:
        return len(prompts(self._own()))

    def __setitem__(self, name: str, text: str) -> None:
        name, text = text_of(name, "A prompt's name"), text_of(text, "A prompt")
        if not name.strip() or not text.strip():
            raise UsageError("A prompt has a name and a text.", hint='nbchat.prompts["mine"] = "..."')
        self._change(lambda own: {**own, name: text})

    def __delitem__(self, name: str) -> None:
        if name not in self._own():
            raise UsageError(f"There is no prompt of your own called {name!r:.80}.", hint="Built-in ones stay.")
        self._change(lambda own: {each: text for each, text in own.items() if each != name})

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        self._app.background.wait(self._app.choices.change("prompts", lambda saved: change(_read(saved))))

    def table(self) -> Table:
        """Return the prompts as rows: name, whose it is, text."""
        own = self._own()
        return Table(
            {"prompt": name, "whose": "yours" if name in own else "nbchat's", "text": text} for name, text in prompts(own).items()
        )

    def __repr__(self) -> str:
        return repr(Table({"prompt": row["prompt"], "text": f"{row['text']:.80}…"} for row in self.table()))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.table()._repr_html_()}


def _read(saved: Any) -> dict[str, str]:
    return dict(saved) if isinstance(saved, dict) else {}
