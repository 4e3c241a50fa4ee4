"""CallNumbers: which tool call of an answer a fragment belongs to, whatever a server makes of indexes and ids.

Owns the numbering; what a fragment holds goes on as it is. Must not know JSON chunks.
"""

from __future__ import annotations

import json

__all__ = ["CallNumbers"]


class _Call:
    """What is known of one call: enough to tell its next fragment from the first one of another call."""

    __slots__ = ("id", "name", "only")

    def __init__(self, id: str) -> None:
        self.id = id
        self.name = ""
        self.only: str | None = ""  # the arguments while they are of one fragment, None afterwards

    @property
    def whole(self) -> bool:
        """Whether its first fragment brought all of its arguments."""
        if not self.only or self.only[0] != "{":
            return False
        try:
            json.loads(self.only)
        except (ValueError, RecursionError):
            return False
        return True


class CallNumbers:
    """Numbers the calls of one answer from 0, in the order in which they begin."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, int] = {}
        self._by_id: dict[str, int] = {}

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self._calls)

    def number(self, index: int | None, id: str, name: str, arguments: str) -> int:
        """Return the number of the call that this fragment belongs to.

        Servers give each call an index of its own; or all of them index 0, or none, with a new id or a new name each; or a new id
        with every fragment of a call, then without its name.
        """
        last = len(self._calls) - 1 if self._calls else None
        found = self._by_index.get(index) if index is not None else self._by_id.get(id, last)
        if found is None or self._is_another(self._calls[found], id, name, arguments):
            found = len(self._calls)
            self._calls.append(_Call(id))
        if index is not None:
            self._by_index[index] = found
        if id:
            self._by_id.setdefault(id, found)
        call = self._calls[found]
        call.id = call.id or id
        call.name = call.name or name
        if arguments:
            call.only = arguments if call.only == "" else None
        return found

    @staticmethod
    def _is_another(call: _Call, id: str, name: str, arguments: str) -> bool:
        if not name or not call.name:
            return False  # only the first fragment of a call must have its name
        if id and call.id:
            return id != call.id
        return name != call.name or (arguments[:1] == "{" and call.whole)
