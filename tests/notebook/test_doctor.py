"""doctor: each finding that is not well says what to do, none shows a key, and nothing is sent unasked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nbchat
from nbchat.app import app
from nbchat.core.errors import StorageError, UsageError
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.secrets import Secret
from nbchat.doctor import _offers, _own_prices, examine
from nbchat.export.report import Report
from nbchat.notebook import assets, facts
from nbchat.notebook.manage import run
from nbchat.providers.price_file import PriceFile
from nbchat.testing import Reply, Request, ScriptedServer
from tests.support.apps import running_app

CANARY = "sk-CANARY-123456"
COUNT = Reply.text(tokens=[f"{n}\n" for n in range(1, 41)])
KERNEL = SimpleNamespace(kernel=SimpleNamespace(session=object(), iopub_socket=object()), user_ns={})


@pytest.fixture
def lab() -> Iterator[ScriptedServer]:
    """A fresh app whose active model answers."""
    with running_app(*[COUNT] * 4) as server:
        yield server


def doctor(line: str = "", shell: Any = None) -> Report:
    """Run the command."""
    report = run(app().services, f"doctor {line}", shell)
    assert isinstance(report, Report)
    return report


def about(report: Report, what: str) -> list[Any]:
    return [finding for finding in report if finding.about == what]


# ---------------------------------------------------------------- the whole


def test_where_other_kernels_find_what_runs_here_is_a_line(lab: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, and how many answers run; trouble says so."""
    (line,) = about(doctor("--offline"), "streams")
    assert line.state == "ok"
    assert line.text.endswith("streams.db, 0 answers running in all kernels")

    async def broken() -> dict[str, Any]:
        return {"trouble": "the disk is full", "jobs": {"running": 0}}

    monkeypatch.setattr(app().services, "figures", broken)
    (line,) = about(doctor("--offline"), "streams")
    assert line.state == "wrong"
    assert "the disk is full" in line.text


def test_the_active_model_is_asked_once_and_the_rest_not(lab: ScriptedServer) -> None:
    """One small question; other providers are sent nothing, and are told of."""
    with ScriptedServer() as other:
        nbchat.add_provider("other", base_url=other.base_url, api_key="x")
        report = doctor()
        assert not other.requests
    assert len(lab.chats) == 1
    assert about(report, "answer")[0].state == "ok"
    assert [each.text.split(" at ")[0] for each in about(report, "provider")] == ["lab", "other"]
    assert len(repr(report).splitlines()) <= 40
    assert max(map(len, repr(report).splitlines())) <= 100


def test_another_provider_is_asked_by_its_name(lab: ScriptedServer) -> None:
    """With a model of one's own choice, or without."""
    with ScriptedServer([COUNT] * 2, models=("one", "two")) as other:
        nbchat.add_provider("other", base_url=other.base_url, api_key=other.api_key)
        doctor("other")
        doctor("other/two")
        assert [request.model for request in other.chats] == ["one", "two"]
    assert not lab.requests
    assert about(doctor("nobody"), "provider")[0].state == "wrong"


def test_offline_sends_nothing(lab: ScriptedServer) -> None:
    """Not even to the active model; what can be seen from here is seen."""
    report = doctor("--offline")
    assert not lab.requests
    assert about(report, "provider")[0].text.endswith("key: given to this process")
    assert about(report, "thread")


def test_words_that_it_does_not_know(lab: ScriptedServer) -> None:
    """Two names, or another option."""
    for line in ("a b", "--online"):
        with pytest.raises(UsageError, match="cannot be used like that"):
            doctor(line)


def test_before_anything_is_configured_the_demo_is_asked() -> None:
    """It is a provider on this machine; the report says how to choose a real one."""
    try:
        report = doctor()
    finally:
        app().close()
    assert report.headline.startswith("All well")
    assert "the demo answers" in about(report, "model")[0].text
    assert about(report, "answer")[0].state == about(report, "streaming")[0].state == "ok"


def test_a_check_that_fails_itself_is_a_finding(lab: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are told all the same."""

    def broken(*_: object) -> Any:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(facts, "store", broken)
    monkeypatch.setattr("nbchat.providers.trial.judge", broken)
    report = doctor()
    assert "RuntimeError: a mistake of ours" in about(report, "store")[0].text
    assert sum("a mistake of ours" in each.text for each in report) == 2
    assert about(report, "thread")


# ---------------------------------------------------------------- secrets


def test_no_secret_is_in_it(monkeypatch: pytest.MonkeyPatch, lab: ScriptedServer) -> None:
    """Keys in the environment, of this process, in a URL and in a header that a database held; a proxy's password. The server
    repeats the key wherever it can."""
    names = {"OPENAI_API_KEY": f"{CANARY}-env", "LAB_KEY": f"{CANARY}-lab"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("https_proxy", f"http://me:{CANARY}-proxy@127.0.0.1:9")

    def echo(request: Request) -> Reply:
        return Reply.error(401, f"Incorrect key {request.headers['authorization']}, {names}", code=CANARY + "-lab")

    with ScriptedServer(echo, api_key=f"{CANARY}-lab", models=(f"{CANARY}-lab", "tiny")) as server:
        nbchat.add_provider("echo", base_url=server.base_url, api_key_env="LAB_KEY")
        registry = app().registry
        registry.add(Provider("url", f"https://me:{CANARY}@x.example.com/v1?key={CANARY}", key=KeyPlace("process")))
        registry.add(Provider("header", "https://y.example.com/v1", headers=(("X-Key", CANARY),)))
        registry.add(Provider("held", "https://z.invalid/v1", key=KeyPlace("process")), Secret(f"{CANARY}-held"))
        reports = [doctor(line) for line in ("echo/tinny", "url", "header", "held", "--offline")]
        assert server.chats
    seen = "".join(repr(each) + each._repr_html_() + repr(tuple(each)) for each in reports)
    assert "CANARY" not in seen
    assert "LAB_KEY" in seen, "the place of a key is shown"
    assert "***" in seen, "the server did repeat it"


# ---------------------------------------------------------------- interrupts


INTERRUPTED = """
import json, os, nbchat
from nbchat.app import app
from nbchat.notebook.manage import run
nbchat.add_provider("lab", **json.loads(os.environ["LAB"]))
nbchat.settings.model = "lab/tiny"
try:
    run(app().services, "doctor", None)
except KeyboardInterrupt:
    print("interrupted")
print(nbchat.session("notes").ask("hi").text)
"""


def test_an_interrupt_ends_it_and_what_it_asked() -> None:
    """Ctrl-C while the server says nothing: its connection is closed at once, and the next question is answered."""
    with ScriptedServer([Reply.nothing("stall"), Reply.text("well")], models=("tiny",)) as server:
        env = {**os.environ, "LAB": json.dumps({"base_url": server.base_url, "api_key": server.api_key})}
        with subprocess.Popen([sys.executable, "-c", INTERRUPTED], env=env, stdout=subprocess.PIPE, text=True) as process:
            server.wait_for(1, 60)
            process.send_signal(signal.SIGINT)
            server.wait_closed(1)
            out, _ = process.communicate(timeout=60)
    assert (out.split(), process.returncode) == (["interrupted", "well"], 0)


# ---------------------------------------------------------------- kernel, front end, store


def test_the_store_that_does_not_work_says_why(tmp_path: Path) -> None:
    """In memory nothing is saved; a database that fails names the failure; one that others may read is told."""

    def house(place: str, trouble: Exception | None = None) -> Any:
        def wait(_work: Any, _seconds: float) -> dict[str, Any]:
            if trouble is not None:
                raise trouble
            return {}

        ports = SimpleNamespace(settings=SimpleNamespace(settings=lambda: None), store=None)
        return SimpleNamespace(background=SimpleNamespace(wait=wait), ports=ports, place=lambda: place)

    (memory,) = facts.store(house("memory:"))
    assert memory.state == "note"
    trouble = StorageError("the database is damaged.", hint="Move the file away.")
    (broken,) = facts.store(house(str(tmp_path / "x.db"), trouble))
    assert (broken.state, broken.text, broken.hint) == ("wrong", "the database is damaged.", "Move the file away.")
    (tmp_path / "open.db").touch(mode=0o644)
    assert [each.state for each in facts.store(house(str(tmp_path / "open.db")))][-1] == "note"


def test_the_store_that_works_tells_its_facts(lab: ScriptedServer) -> None:
    """Place, size, schema and journal."""
    (found,) = about(doctor("--offline"), "store")
    assert found.state == "ok"
    assert "nbchat.db" in found.text
    assert "schema 4, journal wal" in found.text


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note, then something to do."""
    (tmp_path / "x.db").touch(mode=0o600)
    for free, state in ((200_000_000, "note"), (1_000_000, "wrong")):
        monkeypatch.setattr("shutil.disk_usage", lambda _path, free=free: SimpleNamespace(free=free))
        (found,) = facts._disk(tmp_path / "x.db")
        assert (found.about, found.state) == ("disk", state)


def test_a_front_end_that_is_missing_is_wrong_in_a_notebook_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal needs none."""
    assets.code.cache_clear()
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    assert [each.state for each in facts.front_end(None)] == ["note"]
    assert [each.state for each in facts.front_end(KERNEL.kernel)] == ["wrong"]


def test_pages_that_do_not_answer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No view yet, views that pages have answered, and views that none has."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/some/where/a.ipynb")
    for seen, state, words in (
        ((0, 0), "ok", "a Jupyter server; no view is open"),
        ((3, 2), "ok", "3 views open, 2 answered"),
        ((1, 0), "note", "1 view open, and no page has answered"),
    ):
        services: Any = SimpleNamespace(background=SimpleNamespace(call=lambda look: look()), hub=SimpleNamespace(seen=seen))
        (found,) = facts.pages(services, KERNEL.kernel, {})
        assert (found.state, words in found.text) == (state, True)


def test_offers_are_told_and_not_used() -> None:
    """Nothing found is used unasked, and the report says so."""
    services: Any = SimpleNamespace(offers=lambda: (SimpleNamespace(text="Use OpenAI", detail="its key is in OPENAI_API_KEY"),))
    (found,) = _offers(services)
    assert (found.state, found.hint) == ("note", "Nothing is sent to it until you choose it.")


def test_own_prices_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A broken file of prices is a warning that says where and what to do; the others are counted."""
    path = tmp_path / "prices.json"
    path.write_text('{"lab/tiny": {"input": "0.10"}, "other": {"inputt": 1}}')
    services: Any = SimpleNamespace(own_prices=PriceFile(path))
    wrong, well = _own_prices(services)
    assert (wrong.state, well.state) == ("wrong", "ok")
    assert "other: inputt is no price" in wrong.text
    assert str(path) in wrong.text
    assert "set_price" in wrong.hint
    assert well.text.startswith("1 of your own")
    path.write_text("{")
    [wrong] = _own_prices(services)
    assert "cannot be read" in wrong.text


def test_examine_is_what_the_command_runs(lab: ScriptedServer) -> None:
    """It works without a shell, and its report is a tuple of findings."""
    report = examine(app().services, None, offline=True)
    assert {each.state for each in report} <= {"ok", "note", "wrong"}
    assert all(each.hint for each in report if each.state != "ok")
