"""Where keys come from, what is said when they are missing, and that they are never shown."""

from __future__ import annotations

import sys
import types

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.models import KeyPlace, Provider
from nbchat.core.secrets import Secret
from nbchat.providers import keys as keys_module
from nbchat.providers.keys import KEYRING_SERVICE, Keys
from nbchat.providers.making import make_provider

CANARY = "sk-CANARY-1f"


def lab(kind: str, name: str = "") -> Provider:
    return Provider("lab", "https://x/v1", key=KeyPlace(kind, name))


def test_keyless() -> None:
    """A provider without a key has none, and that is no error."""
    assert Keys({}).key(lab("none")) is None


def test_environment() -> None:
    """The key is read from the variable at each request, so that a change counts; spaces around it do not."""
    env = {"LAB_KEY": f" {CANARY}\n"}
    keys = Keys(env)
    assert keys.key(lab("env", "LAB_KEY")) == Secret(CANARY)
    env["LAB_KEY"] = "other"
    assert keys.key(lab("env", "LAB_KEY")) == Secret("other")


def test_missing_variable() -> None:
    """A variable that is not set, or empty, is named with what to do."""
    for env in ({}, {"LAB_KEY": " "}):
        with pytest.raises(ConfigError, match="LAB_KEY") as caught:
            Keys(env).key(lab("env", "LAB_KEY"))
        assert "Set LAB_KEY" in caught.value.hint


def test_process() -> None:
    """A key that was given is held for this process; a later process says that it is gone."""
    keys = Keys({})
    keys.hold(lab("process"), Secret(CANARY))
    assert keys.key(lab("process")) == Secret(CANARY)
    keys.forget("lab")
    with pytest.raises(ConfigError, match="earlier process"):
        keys.key(lab("process"))


def test_prompt_asks_once() -> None:
    """The first need asks, without echo, and what was typed is kept for this process."""
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return CANARY

    keys = Keys({}, ask)
    assert keys.key(lab("prompt")) == keys.key(lab("prompt")) == Secret(CANARY)
    assert asked == ["Key of lab: "]


def test_prompt_where_nobody_can_type() -> None:
    """A host without input, and an empty line, are set-up errors that name the other ways."""

    def no_terminal(prompt: str) -> str:
        raise EOFError("no input here")

    with pytest.raises(ConfigError, match="no input here") as caught:
        Keys({}, no_terminal).key(lab("prompt"))
    assert "api_key_env" in caught.value.hint
    with pytest.raises(ConfigError, match="No key was typed"):
        Keys({}, lambda _: "").key(lab("prompt"))


def test_keyring(keyring: dict[tuple[str, str], str]) -> None:
    """The OS keyring is asked under the service "nbchat"; what is not there is named with the command that stores it."""
    keyring[KEYRING_SERVICE, "me"] = CANARY
    assert Keys({}).key(lab("keyring", "me")) == Secret(CANARY)
    with pytest.raises(ConfigError) as caught:
        Keys({}).key(lab("keyring"))
    assert "keyring set nbchat lab" in caught.value.hint


def test_storing_in_the_keyring(keyring: dict[tuple[str, str], str]) -> None:
    """api_key with keyring=True goes into the OS keyring and nowhere else."""
    provider, secret = make_provider("lab", base_url="https://x/v1", api_key=CANARY, keyring=True)
    assert secret is None
    assert provider.key == KeyPlace("keyring", "lab")
    assert keyring[KEYRING_SERVICE, "lab"] == CANARY


def test_keyring_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        Keys({}).key(lab("keyring"))
    assert "pip install keyring" in caught.value.hint


def test_keyring_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked or broken keyring is named, not raised as its own error."""

    def locked(service: str, user: str) -> str:
        raise RuntimeError("the collection is locked")

    broken = types.ModuleType("keyring")
    monkeypatch.setattr(broken, "get_password", locked, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", broken)
    with pytest.raises(ConfigError, match="collection is locked"):
        Keys({}).key(lab("keyring"))


def test_keyring_is_loaded_when_needed() -> None:
    """Importing the room does not load the keyring package."""
    assert not hasattr(keys_module, "keyring")


def test_repr_shows_no_key() -> None:
    """Neither the source nor its secrets show a value."""
    keys = Keys({})
    keys.hold(lab("process"), Secret(CANARY))
    assert "CANARY" not in f"{keys!r} {vars(keys)}"
