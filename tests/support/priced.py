"""PricedServer: a scripted server whose listing says what its model costs and can read."""

from __future__ import annotations

from typing import Any

from nbchat.testing import Reply, Request, ScriptedServer

__all__ = ["PricedServer"]


class PricedServer(ScriptedServer):
    """Its one model, "tiny", costs a dollar per 1,000 tokens in and two out, and can read so many tokens."""

    def __init__(self, script: Any, *, length: int, **options: Any) -> None:
        super().__init__(script, **options)
        self._length = length

    def _route(self, request: Request) -> Reply:
        if request.path == "/v1/models":
            pricing = {"prompt": "0.001", "completion": "0.002"}
            return Reply.json({"data": [{"id": "tiny", "context_length": self._length, "pricing": pricing}]})
        return super()._route(request)
