"""make_provider: what a person says, checked; nothing is sent and no key is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from nbchat.core.errors import ConfigError
from nbchat.core.models import KeyPlace
from nbchat.core.secrets import Secret
from nbchat.providers import making
from nbchat.providers.making import make_provider
from nbchat.providers.presets import PRESETS
from nbchat.providers.urls import check_base_url


def test_preset_by_its_name() -> None:
    """The id of a preset is enough: URL and the usual variable come from it."""
    provider, secret = make_provider("openrouter")
    assert (provider.base_url, provider.key, provider.name) == (
        "https://openrouter.ai/api/v1",
        KeyPlace("env", "OPENROUTER_API_KEY"),
        "OpenRouter",
    )
    assert secret is None


def test_preset_under_another_id() -> None:
    """Two accounts of one preset live under two ids."""
    provider, _ = make_provider("work", preset="openai", api_key_env="WORK_KEY")
    assert (provider.id, provider.preset, provider.key) == ("work", "openai", KeyPlace("env", "WORK_KEY"))


def test_base_url_alone() -> None:
    """A plain URL makes a keyless provider."""
    provider, secret = make_provider("lab", base_url="http://127.0.0.1:8080/v1/")
    assert (provider.base_url, provider.preset, provider.key, secret) == (
        "http://127.0.0.1:8080/v1",
        "custom",
        KeyPlace("none"),
        None,
    )


def test_preset_key_is_not_sent_elsewhere() -> None:
    """A preset with another server's URL does not take the preset's variable along."""
    provider, _ = make_provider("x", preset="openai", base_url="https://proxy.example/v1")
    assert provider.key == KeyPlace("none")
    provider, _ = make_provider("openai", base_url="https://proxy.example/v1")
    assert provider.key == KeyPlace("none")


def test_key_for_this_process() -> None:
    """api_key is given back as a Secret, and the provider holds its place only."""
    provider, secret = make_provider("lab", base_url="https://x/v1", api_key="sk-CANARY-1")
    assert secret == Secret("sk-CANARY-1")
    assert provider.key == KeyPlace("process")
    assert "CANARY" not in repr((provider, secret))


def test_key_that_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """prompt=True asks now, on the thread of the person who typed it."""
    monkeypatch.setattr(making, "getpass", lambda prompt: "sk-typed")
    assert make_provider("lab", base_url="https://x/v1", prompt=True)[1] == Secret("sk-typed")
    monkeypatch.setattr(making, "getpass", lambda prompt: " ")
    with pytest.raises(ConfigError):
        make_provider("lab", base_url="https://x/v1", prompt=True)


@pytest.mark.parametrize(
    ("id", "options"),
    [
        ("a/b", {"base_url": "https://x/v1"}),
        ("", {"base_url": "https://x/v1"}),
        ("lab", {}),
        ("lab", {"preset": "nope"}),
        ("custom", {}),
        ("lab", {"base_url": "http://example.com/v1"}),
        ("lab", {"base_url": "https://x/v1", "api_key": ""}),
        ("lab", {"base_url": "https://x/v1", "api_key": "a", "api_key_env": "B"}),
        ("lab", {"base_url": "https://x/v1", "prompt": True, "keyring": True}),
        ("lab", {"base_url": "https://x/v1", "api_key_env": "sk-CANARY-not-a-name"}),
        ("lab", {"base_url": "https://x/v1", "headers": {"Authorization": "Bearer sk-CANARY"}}),
        ("lab", {"base_url": "https://x/v1", "headers": {"X-Api-Key": "sk-CANARY"}}),
        ("lab", {"base_url": "https://x/v1", "headers": {"X-A": "sk-CANARY\r\nX-B: 1"}}),
        ("lab", {"base_url": "https://x/v1", "headers": {"X A": "1"}}),
        ("lab", {"base_url": "https://x/v1", "headers": {"Host": "other.example"}}),
        ("lab", {"base_url": "https://x/v1", "headers": {"transfer-encoding": "chunked"}}),
        ("lab", {"base_url": "https://x/v1", "headers": {"Accept-Encoding": "gzip"}}),
        ("lab", {"base_url": "https://x/v1", "proxy": "http://me:CANARY@proxy.example"}),
        ("lab", {"base_url": "http://127.0.0.1:1/v1", "proxy": "http://proxy.example"}),
        ("lab", {"base_url": "https://x/v1", "ca_bundle": "/no/such/file.pem"}),
        ("colab", {}),
        ("mine", {"preset": "custom"}),
    ],
)
def test_refused(id: str, options: dict[str, Any]) -> None:
    """What cannot work, or would show a key, is refused with what to do, without repeating the key."""
    with pytest.raises(ConfigError) as caught:
        make_provider(id, **options)
    assert caught.value.hint
    assert "CANARY" not in str(caught.value)


def test_name_proxy_and_headers() -> None:
    """What a person says about a provider is in it, beside what its preset says."""
    provider, _ = make_provider(
        "work", preset="anthropic", name="At work", headers={"X-Team": "a"}, proxy="http://proxy.example:3128"
    )
    assert (provider.name, provider.proxy) == ("At work", "http://proxy.example:3128")
    assert provider.headers == (("anthropic-version", "2023-06-01"), ("X-Team", "a"))


def test_presets_are_sound() -> None:
    """Every preset's URL would be accepted from a person; hosted ones name a variable, local ones need none."""
    wanted = "ppq openrouter openai anthropic gemini deepseek groq together fireworks xai mistral colab"
    assert {p.id for p in PRESETS.values() if p.env} == set(wanted.split())
    assert {p.id for p in PRESETS.values() if p.local} == {"ollama", "lmstudio", "llamacpp", "vllm", "litellm"}
    for preset in PRESETS.values():
        if url := preset.url({"MODEL_PROXY_HOST": "https://mp.example"}):
            assert check_base_url(url) == url


def test_a_prompt_where_nobody_can_type_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch run has no input: the way out is named, instead of a bare EOFError."""

    def nobody(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(making, "getpass", nobody)
    with pytest.raises(ConfigError, match="cannot be asked for here") as caught:
        make_provider("lab", base_url="http://127.0.0.1:8080/v1", prompt=True)
    assert "api_key_env" in caught.value.hint
