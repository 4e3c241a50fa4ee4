"""What a provider says about usage and cost, in its own words, made into a `UsageReport`.

The one place where overlapping counts are taken apart (cached in input, reasoning in output); owns every provider's spelling.
Sources: the API references of OpenAI, Anthropic, DeepSeek, OpenRouter, xAI, Gemini (both endpoints), Mistral, Together, Moonshot,
DeepInfra and Perplexity. A golden vector for each stands in tests/vectors/chat_completions/usage*.json.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, TypeAlias

from nbchat.core.cost import Cost
from nbchat.core.events import UsageReport
from nbchat.core.price import parse_amount
from nbchat.core.usage import Certainty, Usage

__all__ = ["usage_report"]

_RAW_LIMIT = 4096
_CACHED = (
    "prompt_cache_hit_tokens",  # DeepSeek
    "cache_read_input_tokens",  # Anthropic
    "cached_tokens",  # Together, Moonshot
    "num_cached_tokens",  # Mistral
    "cachedContentTokenCount",  # Gemini
)
_Counts: TypeAlias = dict[str, int | None]
_TICKS_PER_DOLLAR = Decimal(10_000_000_000)  # xAI counts cost in ticks of 1e-10 US dollars


def usage_report(raw: bytes) -> UsageReport | None:
    """Return the report in a JSON usage object; None when it counts nothing (null, all zero, not an object).

    Contradicting counts never raise: where the cached tokens exceed the input, or the total shows reasoning beside the
    output, the counts are disjoint and are added up; a part that exceeds its whole otherwise says nothing. The report is marked
    "estimated" where that is a guess.
    """
    try:
        data = json.loads(raw, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    read, certainty = _input(data)
    said, output_certainty = _output(data, read["input_tokens"])
    cost = _cost(data)
    if not read["input_tokens"] and not said["output_tokens"] and (cost is None or not cost.amount):
        return None
    usage = Usage(**read, **said, certainty=max(certainty, output_certainty, key=("reported", "estimated").index))
    return UsageReport(usage, cost, raw[:_RAW_LIMIT].decode("utf-8", "replace"))


def _input(data: dict[str, Any]) -> tuple[_Counts, Certainty]:
    """Return the input and its parts, and how certain they are."""
    details = _details(data, "prompt_tokens_details", "input_tokens_details", "promptTokensDetails")
    total = _count(data, "prompt_tokens", "promptTokenCount")
    cached = _count(details, "cached_tokens")
    if cached is None:
        cached = _count(data, *_CACHED)
    written = _count(details, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
    if written is None:
        written = _count(data, "cache_creation_input_tokens")
    if total is None:
        total = _count(data, "input_tokens")
        if total is not None and ("cache_read_input_tokens" in data or "cache_creation_input_tokens" in data):
            total += (cached or 0) + (written or 0)  # Anthropic's own spelling counts them beside the input
    certainty: Certainty = "reported"
    if total is not None and (cached or 0) + (written or 0) > total:
        total += (cached or 0) + (written or 0)
        certainty = "estimated"
    if total is None:
        cached = written = None
    media = {f"input_{kind}_tokens": _count(details, f"{kind}_tokens") for kind in ("audio", "image")}
    media, whole = _parts_of(total, media)
    counts = {"input_tokens": total, "cached_tokens": cached, "cache_write_tokens": written, **media}
    return counts, certainty if whole else "estimated"


def _output(data: dict[str, Any], source: int | None) -> tuple[_Counts, Certainty]:
    """Return the output and its parts, and how certain they are; `source` is the input."""
    details = _details(data, "completion_tokens_details", "output_tokens_details", "candidatesTokensDetails")
    output = _count(data, "completion_tokens", "output_tokens", "candidatesTokenCount")
    reasoning = _count(details, "reasoning_tokens")
    if reasoning is None:
        reasoning = _count(data, "reasoning_tokens", "thoughtsTokenCount")
    certainty: Certainty = "reported"
    if output is None:
        reasoning = None
    else:
        output, reasoning, certainty = _with_reasoning(output, reasoning, source, _count(data, "total_tokens", "totalTokenCount"))
    media = {f"output_{kind}_tokens": _count(details, f"{kind}_tokens") for kind in ("audio", "image")}
    media, whole = _parts_of(output, media)
    return {"output_tokens": output, "reasoning_tokens": reasoning, **media}, certainty if whole else "estimated"


def _with_reasoning(
    output: int, reasoning: int | None, source: int | None, total: int | None
) -> tuple[int, int | None, Certainty]:
    """Return (output, reasoning, certainty), reasoning as a part of the output."""
    if reasoning:
        if reasoning > output or (source is not None and total == source + output + reasoning):
            return output + reasoning, reasoning, "reported"  # xAI and Gemini count reasoning beside the completion
    elif reasoning is None and source is not None and total is not None and total > source + output:
        hidden = total - source - output  # Gemini's thoughts are in the total alone, and billed as output
        return output + hidden, hidden, "estimated"
    return output, reasoning, "reported"


def _parts_of(whole: int | None, parts: _Counts) -> tuple[_Counts, bool]:
    """Return what can be believed of these parts, and whether that is all: none of an unknown whole, and not more than it."""
    if whole is None:
        return dict.fromkeys(parts), True
    if any(count is not None and count > whole for count in parts.values()):
        return dict.fromkeys(parts), False
    return parts, True


def _cost(data: dict[str, Any]) -> Cost | None:
    """Return the provider's own figure: xAI's ticks; the `cost` of OpenRouter and LiteLLM (with one's own key, OpenRouter's is a
    fee beside the upstream's bill, and at least that is paid where the bill is null); Perplexity's `cost.total_cost`; DeepInfra's
    `estimated_cost`, which calls itself one."""
    ticks = parse_amount(data.get("cost_in_usd_ticks"))
    if ticks is not None:
        return Cost(ticks / _TICKS_PER_DOLLAR, "reported", "provider")
    stated = data.get("cost")
    amount = parse_amount(stated.get("total_cost") if isinstance(stated, dict) else stated)
    if amount is None:
        estimate = parse_amount(data.get("estimated_cost"))
        return None if estimate is None else Cost(estimate, "estimated", "provider")
    if data.get("is_byok") is True:
        details = data.get("cost_details")
        upstream = parse_amount(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
        if upstream is None:
            return Cost(amount, "partial", "provider")
        amount += upstream
    return Cost(amount, "reported", "provider")


def _details(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what a count is made of; Gemini's own list of {"modality": "AUDIO", "tokenCount": 7} too."""
    for name in names:
        found = data.get(name)
        if isinstance(found, dict):
            return found
        if isinstance(found, list):
            each = [entry for entry in found if isinstance(entry, dict)]
            return {f"{str(entry.get('modality')).lower()}_tokens": entry.get("tokenCount") for entry in each}
    return {}


def _count(data: dict[str, Any], *names: str) -> int | None:
    """Return the first of the named counts that is a whole number of at least 0; anything else says nothing."""
    for name in names:
        found = data.get(name)
        if isinstance(found, Decimal) and found == found.to_integral_value():
            found = int(found)
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
            return found
    return None
