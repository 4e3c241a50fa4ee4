"""Models as values: how they are found, and what they are called where a listing gives ids alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbchat.core.model_names import friendly_name, is_model
from nbchat.core.models import Model, matching


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("llama-3.3-70b-instruct", "Llama 3.3 70B Instruct"),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "Llama 3.3 70B Instruct Turbo"),
        ("qwen2.5-coder:7b", "Qwen2.5 Coder 7B"),
        ("llama3:latest", "Llama3"),
        ("llama3.2:3b-instruct-q4_K_M", "Llama3.2 3B Instruct Q4_K_M"),
        ("hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M", "Llama 3.2 3B Instruct Q4_K_M"),
        ("../models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "Meta Llama 3.1 8B Instruct Q4_K_M"),
        ("Kimi-K2-Thinking-UD-IQ1_S-00001-of-00006.gguf", "Kimi K2 Thinking UD IQ1_S"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "Llama 3.1 8B Instruct"),
        ("accounts/fireworks/models/deepseek-v3p1", "DeepSeek V3.1"),
        ("gpt-4o-mini", "GPT-4o Mini"),
        ("gpt-4o-2024-08-06", "GPT-4o 2024-08-06"),
        ("gpt-oss:20b", "GPT OSS 20B"),
        ("chatgpt-4o-latest", "ChatGPT 4o Latest"),
        ("o3-mini", "o3 Mini"),
        ("claude-3-5-haiku-20241022", "Claude 3.5 Haiku 20241022"),
        ("claude-sonnet-4-5", "Claude Sonnet 4.5"),
        ("mixtral-8x7b", "Mixtral 8x7B"),
        ("qwen3-235b-a22b", "Qwen3 235B A22B"),
        ("mistral-large-latest", "Mistral Large Latest"),
        ("GLM-4.6", "GLM 4.6"),
        ("ft:gpt-4o-mini:acme::B1abc", "ft:gpt-4o-mini:acme::B1abc"),
        ("我的模型", "我的模型"),
        ("12", "12"),
        ("<b>x</b>", "<b>x</b>"),
        ("--", "--"),
        ("", ""),
    ],
)
def test_friendly_names(id: str, name: str) -> None:
    """Words apart, families and sizes as people write them; what is no plain name stays."""
    assert friendly_name(id) == name


@given(st.text(max_size=40) | st.from_regex(r"[a-z0-9:/._-]{1,40}", fullmatch=True))
def test_a_name_says_no_less_than_nothing(id: str) -> None:
    """Whatever the id, there is a name; and a name has no character that the id lacks, but spaces, capitals, dots and dashes."""
    name = friendly_name(id)
    assert bool(name) == bool(id)
    assert {*name.lower()} - {*id.lower()} <= {*" .-"}


MODELS = (
    Model("qwen2.5-coder:7b", "ollama", "Qwen2.5 Coder 7B", tags=("qwen2", "Q4_K_M"), capabilities=frozenset({"tools"})),
    Model("llama3.2:latest", "ollama", "Llama3.2", "Small and quick.", capabilities=frozenset({"tools", "vision"})),
    Model("gpt-4o", "openai", "GPT-4o"),
)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", [0, 1, 2]),
        ("coder", [0]),
        ("CODER qwen", [0]),
        ("tools", [0, 1]),
        ("tools vision", [1]),
        ("q4_k", [0]),
        ("quick", [1]),
        ("openai", [2]),
        ("gpt llama", []),
    ],
)
def test_search_looks_for_all_words(search: str, found: list[int]) -> None:
    """In label, name, description, tags and capabilities, in any case; the order is the listing's."""
    assert matching(MODELS, search) == [MODELS[n] for n in found]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("lab/gpt-4o", "lab/gpt-4o"),
        ("lab/gpt-4o", "lab/gpt-4o-2024-08-06"),
        ("claude-3-5-haiku", "claude-3-5-haiku-20241022"),
        ("mistral-small-latest", "mistral-small-2503"),
        ("gemini-2.0-flash", "gemini-2.0-flash-001"),
    ],
)
def test_a_version_of_a_model_is_that_model(asked: str, named: str) -> None:
    """Many servers answer under a longer name than they were asked by; a larger model's name is no version of a smaller one's."""
    assert is_model(asked, named)
    assert not any(is_model(asked, f"{other}{named}") for other in ("x", "lab2/"))
    assert not any(is_model(asked, f"{asked}{more}") for more in ("-mini", "-12b", "-mini-2024-08-06", "1106", "-2024-08-06-x"))
