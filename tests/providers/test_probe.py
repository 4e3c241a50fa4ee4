"""The probe of a provider: real servers, and what each is found to be. (How its answers come is `test_trial.py`.)"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbchat.core.models import KeyPlace, Provider
from nbchat.core.requests import RequestRecord
from nbchat.core.secrets import Secret
from nbchat.providers import probe as probing
from nbchat.providers.listing import parse_models
from nbchat.providers.probe import Probe
from nbchat.providers.shown import shown_url
from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.support.house import House, eventually, house
from tests.support.probing import TOKENS, against, counting, probed

# ---------------------------------------------------------------- keys and models


def test_a_key_that_is_refused() -> None:
    """The key is what is wrong, and the place where it came from is named."""
    seen = against(Reply.error(401, "Incorrect key", code="invalid_api_key"))
    assert seen.text("key") == "given to this process: the server refuses it"
    assert seen.wrong == {"key"}, "one thing to do"
    assert (seen.found["answer"].state, seen.found["answer"].hint) == ("note", "This comes of the key: see there.")


@pytest.mark.parametrize(
    ("place", "key", "words"),
    [
        (KeyPlace("env", "NO_SUCH_KEY"), None, "The environment variable NO_SUCH_KEY with the key of “lab” is not set."),
        (KeyPlace("process"), None, "The key of “lab” was given to an earlier process only and is not known here."),
        (KeyPlace("process"), Secret("“curly”"), "given to this process: it holds characters that no key has"),
        (KeyPlace("function"), None, "The key of “lab” comes from a function that was given to an earlier process only."),
        (KeyPlace("none"), None, "the server wants a key, and none is configured"),
        (KeyPlace("prompt"), None, "typed when it is first needed: not asked for here"),
    ],
)
def test_keys_that_are_missing_or_wrong(place: KeyPlace, key: Secret | None, words: str) -> None:
    """Each in its own words; what can be found out without a key is found out."""
    with ScriptedServer(counting(0.0)) as server:

        def change(built: House) -> None:
            built.registry.add(Provider("lab", server.base_url, key=place), key)

        seen = probed(server, change=change)
        assert len(server.chats) == (place.kind == "none")
    assert seen.text("key") == words
    assert seen.found["key"].hint
    assert seen.found["connect"].state == "ok"


def test_a_model_that_is_not_listed() -> None:
    """Wrong only when it does not answer; then the nearest names are given."""
    assert "tinny is not, but answers" in against(counting(0.0), model="tinny").text("models")
    seen = against(Reply.error(404, "no such model", code="model_not_found"), model="tinny")
    assert seen.wrong == {"models", "answer"}
    assert seen.found["models"].hint == "Did you mean tiny or tinier?"


def test_a_server_without_a_list_of_models() -> None:
    """It can be used all the same."""

    with Unlisted(counting(0.0)) as server:
        seen = probed(server)
    assert (seen.wrong, seen.found["models"].state) == (set(), "note")
    assert "by name" in seen.found["models"].hint


class Unlisted(ScriptedServer):
    """A server that knows its model and no list."""

    def _route(self, request: Request) -> Reply:
        return Reply.error(404, "no such page") if request.path == "/v1/models" else super()._route(request)


def test_without_a_model_the_cheapest_is_asked() -> None:
    """Of a provider that is not the active one, unless it was asked something before."""
    listed = [
        {"id": "dear", "pricing": {"prompt": "0.00001", "completion": "0.00003"}},
        {"id": "cheap", "pricing": {"prompt": "0.0000001", "completion": "0.0000002"}, "supported_parameters": ["tools"]},
    ]
    with ScriptedServer(counting(0.0)) as server:

        def change(built: House) -> None:
            body = json.dumps({"data": listed}).encode()

            async def list_models() -> Any:
                return parse_models("lab", body)

            built.registry.endpoint("lab").list_models = list_models  # type: ignore[method-assign]  # a list with prices

        seen = probed(server, model="", change=change)
        assert [request.model for request in server.chats] == ["cheap"]
    assert seen.text("tools") == "by its listing cheap takes tools"


# ---------------------------------------------------------------- what goes wrong on the way


def test_a_server_that_is_not_there() -> None:
    """The step that fails is the last one."""
    with ScriptedServer() as server:
        gone = server.base_url
    with ScriptedServer() as server:
        seen = probed(server, base_url=gone)
    assert list(seen.found) == ["provider", "connect"]
    assert seen.wrong == {"connect"}


def test_a_web_page_instead_of_answers() -> None:
    """A captive portal, or a wrong base URL."""
    seen = against(Reply.html())
    assert "a web page" in seen.text("answer")
    assert "base URL" in seen.found["answer"].hint


def test_a_stream_that_somebody_compresses() -> None:
    """Nobody asked for it, and it cannot be shown as it comes."""
    seen = against(Reply.raw([b"\x1f\x8b"], headers={"content-encoding": "gzip"}))
    assert "compressed data" in seen.text("answer")
    assert "gzip off" in seen.found["answer"].hint


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is gone, or no list of certificates, is what is wrong with TLS."""
    (tmp_path / "empty.pem").touch()
    for name, words in (("empty.pem", "it holds no certificate"), ("gone.pem", "No such file")):
        with ScriptedServer() as server:
            lab = Provider("lab", server.base_url, ca_bundle=str(tmp_path / name))
            seen = probed(server, change=lambda built, lab=lab: built.registry.add(lab))  # type: ignore[misc]  # bound now
        assert seen.wrong == {"tls"}
        assert words in seen.text("tls")


def test_a_server_that_asks_to_wait_is_not_waited_for() -> None:
    """The check ends at once, and says what the server said."""
    seen = against(Reply.error(429, "slow down", headers={"retry-after": "60"}))
    assert "slow down" in seen.text("answer")
    assert seen.rows[0].cost.amount == 0


def test_an_answer_that_does_not_end_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the bound of its step; its connection is closed and its row says that it was stopped."""
    monkeypatch.setattr(probing, "_ANSWER_SECONDS", 0.2)
    gate = Gate()
    with ScriptedServer(Reply.text(tokens=TOKENS, gate=gate), models=("tiny",)) as server:
        gate.release(3)
        seen = probed(server)
        server.wait_closed()
    assert "No whole answer came" in seen.text("answer")
    assert [(row.purpose, row.status) for row in seen.rows] == [("check", "stopped")]


def test_an_interrupt_leaves_nothing_running() -> None:
    """Cancelled in the middle of an answer: the connection is closed, the row is there, no task is left."""
    gate = Gate()

    async def main(server: ScriptedServer) -> list[RequestRecord]:
        async with house(server) as built:
            probe = Probe(built.registry, built.ports, built.manager.budgets, "lab", "tiny")
            before = asyncio.all_tasks()
            task = asyncio.create_task(probe.run())
            await asyncio.to_thread(gate.wait_reached, 4)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await eventually(lambda: not asyncio.all_tasks() - before)
            await asyncio.to_thread(server.wait_closed)
            return await built.ports.ledger.records()

    with ScriptedServer(Reply.text(tokens=TOKENS, gate=gate), models=("tiny",)) as server:
        gate.release(3)
        rows = asyncio.run(main(server))
    assert [(row.purpose, row.status, row.usage.certainty) for row in rows] == [("check", "stopped", "estimated")]


def test_an_unknown_provider_and_one_that_is_switched_off() -> None:
    """Findings, like all the rest."""
    with ScriptedServer() as server:

        def change(built: House) -> None:
            built.registry.add(Provider("lab", server.base_url, enabled=False))

        assert probed(server, change=change).text("provider") == "The provider “lab” is switched off."


def test_parameters_that_the_server_refuses_are_told() -> None:
    """What was learned of it, also what this very check taught."""
    refusal = Reply.error(400, "Unrecognized request argument supplied: stream_options", type="invalid_request_error")
    with ScriptedServer([refusal, counting(0.0)], models=("tiny",)) as server:

        def change(built: House) -> None:
            learned = {"tiny:max_tokens": "max_completion_tokens"}
            lab = Provider("lab", server.base_url, key=KeyPlace("process"), learned=learned)
            built.registry.add(lab, Secret(server.api_key or ""))

        seen = probed(server, change=change)
    assert not seen.wrong
    assert [each.text for each in seen.all if each.about == "parameters"] == [
        "stream_options is left out: its server refuses it",
        "max_tokens is sent as max_completion_tokens: tiny refuses it",
    ]
    assert "add it again" in [each.hint for each in seen.all if each.about == "parameters"][-1]


def test_tools_are_asked_for_nowhere() -> None:
    """What the listing does not say, the ledger may: a request that followed a call. Else it is open, where it matters."""

    async def main(server: ScriptedServer) -> list[list[str]]:
        async with house(server) as built:

            async def told(tools: bool) -> list[str]:
                probe = Probe(built.registry, built.ports, built.manager.budgets, "lab", "tiny", tools=tools)
                await probe.run()
                return [finding.text for finding in probe.findings if finding.about == "tools"]

            before = [await told(False), await told(True)]
            (row, *_) = await built.ports.ledger.records()
            await built.ports.ledger.settle(replace(row, id="r", purpose="tool-round"))
            return [*before, await told(False)]

    with ScriptedServer(counting(0.0), models=("tiny",)) as server:
        assert asyncio.run(main(server)) == [
            [],
            ["nobody says whether tiny takes any: a question shows"],
            ["tiny has called some before"],
        ]
        assert not any("tools" in request.json for request in server.chats)


def test_the_whole_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes every request and answers none costs the bounds of the steps, no more."""
    for name in ("_MODELS_SECONDS", "_ANSWER_SECONDS"):
        monkeypatch.setattr(probing, name, 0.1)
    began = time.monotonic()
    with Mute(Reply.nothing("stall")) as server:
        seen = probed(server)
    assert time.monotonic() - began < 15
    assert seen.wrong == {"models", "answer"}
    assert "no list came within 0.1 s" in seen.text("models")


class Mute(ScriptedServer):
    """A server that never says a word."""

    def _route(self, request: Request) -> Reply:
        return Reply.nothing("stall")


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    """A database may hold one that would be refused today."""
    assert shown_url("https://me:CANARY@x.example.com/v1?key=CANARY#CANARY") == "…@x.example.com/v1"
    assert shown_url("https://x.example.com/v1") == "https://x.example.com/v1"
