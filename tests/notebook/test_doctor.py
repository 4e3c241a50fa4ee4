"""doctor: each finding that is not well says what to do, and none shows a key."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbchat.core.errors import StorageError
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.secrets import Secret
from nbchat.doctor import examine
from nbchat.notebook import assets
from nbchat.providers.keys import Keys
from nbchat.providers.price_file import PriceFile

CANARY = "sk-CANARY-123456"


def house(
    *providers: Provider,
    place: str = "memory:",
    model: str = "lab/tiny",
    trouble: Exception | None = None,
    prices: Path | None = None,
) -> Any:
    """The services that doctor reads."""

    def wait(_work: Any, _seconds: float) -> dict[str, Any]:
        if trouble is not None:
            raise trouble
        return {}

    keys = Keys()
    for provider in providers:
        if provider.id == "held":
            keys.hold(provider, Secret(CANARY))
    return SimpleNamespace(
        background=SimpleNamespace(wait=wait),
        ports=SimpleNamespace(settings=SimpleNamespace(settings=lambda: None)),
        manager=SimpleNamespace(default_model=model),
        registry=SimpleNamespace(list=lambda: list(providers), keys=keys),
        offers=lambda: (SimpleNamespace(text="Use OpenAI", detail="its key is in OPENAI_API_KEY"),),
        place=lambda: place,
        own_prices=PriceFile(prices or Path("/no/such/prices.json")),
    )


def found(services: Any, about: str, shell: Any = None) -> list[Any]:
    return [finding for finding in examine(services, shell) if finding.about == about]


def test_a_missing_key_is_named_and_a_present_one_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of a key, not the key."""
    monkeypatch.setenv("LAB_KEY", CANARY)
    providers = [
        Provider("lab", "http://127.0.0.1:1/v1", key=KeyPlace("env", "LAB_KEY")),
        Provider("bare", "http://127.0.0.1:2/v1", key=KeyPlace("env", "NO_SUCH_KEY")),
        Provider("held", "http://127.0.0.1:3/v1", key=KeyPlace("process")),
        Provider("lost", "http://127.0.0.1:4/v1", key=KeyPlace("process")),
        Provider("free", "http://127.0.0.1:5/v1"),
        Provider("ring", "http://127.0.0.1:6/v1", key=KeyPlace("keyring", "me")),
    ]
    services = house(*providers)
    assert [finding.state for finding in found(services, "provider")] == ["ok", "wrong", "ok", "wrong", "ok", "ok"]
    assert "NO_SUCH_KEY" in found(services, "provider")[1].text
    assert CANARY not in repr(examine(services, None))


def test_the_store_that_does_not_work_says_why(tmp_path: Path) -> None:
    """In memory nothing is saved; a database that fails names the failure."""
    assert found(house(), "store")[0].state == "note"
    broken = house(place=str(tmp_path / "x.db"), trouble=StorageError("the database is damaged.", hint="Move the file away."))
    (finding,) = found(broken, "store")
    assert (finding.state, finding.text, finding.hint) == ("wrong", "the database is damaged.", "Move the file away.")
    (tmp_path / "good.db").touch()
    assert found(house(place=str(tmp_path / "good.db")), "store")[0].state == "ok"


def test_a_front_end_that_is_missing_is_wrong_in_a_notebook_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal needs none."""
    assets.code.cache_clear()
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    kernel = SimpleNamespace(kernel=SimpleNamespace(session=object(), iopub_socket=object()))
    assert found(house(), "front end")[0].state == "note"
    assert found(house(), "front end", kernel)[0].state == "wrong"


def test_it_fits_one_screen_and_tells_of_the_demo_and_of_what_was_found() -> None:
    """Nothing found is used unasked, and the report says so."""
    report = repr(examine(house(model="demo/demo"), None))
    assert len(report.splitlines()) <= 25
    assert "the demo answers" in report
    assert "Nothing is sent to it until you choose it." in report


def test_own_prices_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A broken file of prices is a warning that says where and what to do; the others are counted."""
    path = tmp_path / "prices.json"
    path.write_text('{"lab/tiny": {"input": "0.10"}, "other": {"inputt": 1}}')
    wrong, well = found(house(prices=path), "prices")
    assert (wrong.state, well.state) == ("wrong", "ok")
    assert "other: inputt is no price" in wrong.text
    assert str(path) in wrong.text
    assert "set_price" in wrong.hint
    assert well.text.startswith("1 of your own")
    path.write_text("{")
    [wrong] = found(house(prices=path), "prices")
    assert "cannot be read" in wrong.text
