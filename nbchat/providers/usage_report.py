"""What a provider says about usage and cost, in its own words, made into a `UsageReport`.

The one place where overlapping counts are taken apart (cached in input, reasoning in output); owns every provider's spelling.
Sources: the API references of OpenAI, Anthropic, DeepSeek, OpenRouter, xAI, Gemini's compatible endpoint and Perplexity.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from nbchat.core.cost import Cost, parse_amount
from nbchat.core.events import UsageReport
from nbchat.core.usage import Certainty, Usage

__all__ = ["usage_report"]

_RAW_LIMIT = 4096
_TICKS_PER_DOLLAR = Decimal(10_000_000_000)  # xAI counts cost in ticks of 1e-10 US dollars


def usage_report(raw: bytes) -> UsageReport | None:
    """Return the report in a JSON usage object; None when it counts nothing (null, all zero, not an object).

    Contradicting counts never raise: where the cached tokens exceed the input, or the total shows reasoning beside the
    output, the counts are disjoint and are added up, and the report is marked "estimated" where that is a guess.
    """
    try:
        data = json.loads(raw, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    source, written, certainty = _input(data)
    output, reasoning, output_certainty = _output(data, source[0])
    cost = _cost(data)
    if not source[0] and not output and (cost is None or not cost.amount):
        return None
    usage = Usage(
        input_tokens=source[0],
        cached_tokens=source[1],
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=reasoning,
        certainty="estimated" if "estimated" in (certainty, output_certainty) else "reported",
    )
    return UsageReport(usage, cost, raw[:_RAW_LIMIT].decode("utf-8", "replace"))


def _input(data: dict[str, Any]) -> tuple[tuple[int | None, int | None], int | None, Certainty]:
    """Return ((input, cached), cache-write, certainty); cached and written are parts of the input."""
    details = _object(data, "prompt_tokens_details", "input_tokens_details")
    total = _count(data, "prompt_tokens")
    cached = _count(details, "cached_tokens")
    if cached is None:
        cached = _count(data, "prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")
    written = _count(details, "cache_write_tokens", "cache_creation_tokens")
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
    return (total, cached), written, certainty


def _output(data: dict[str, Any], source: int | None) -> tuple[int | None, int | None, Certainty]:
    """Return (output, reasoning, certainty); reasoning is a part of the output."""
    output = _count(data, "completion_tokens", "output_tokens")
    details = _object(data, "completion_tokens_details", "output_tokens_details")
    reasoning = _count(details, "reasoning_tokens")
    if reasoning is None:
        reasoning = _count(data, "reasoning_tokens")
    total = _count(data, "total_tokens")
    if output is None:
        return None, None, "reported"
    if reasoning:
        if reasoning > output or (source is not None and total == source + output + reasoning):
            return output + reasoning, reasoning, "reported"  # xAI counts reasoning beside the completion
    elif reasoning is None and source is not None and total is not None and total > source + output:
        hidden = total - source - output  # Gemini's thoughts are in the total alone, and billed as output
        return output + hidden, hidden, "estimated"
    return output, reasoning, "reported"


def _cost(data: dict[str, Any]) -> Cost | None:
    """Return the provider's own figure: OpenRouter's `cost` (plus the upstream's with one's own key), xAI's ticks."""
    ticks = parse_amount(data.get("cost_in_usd_ticks"))
    if ticks is not None:
        return Cost(ticks / _TICKS_PER_DOLLAR, "reported", "provider")
    stated = data.get("cost")
    amount = parse_amount(stated.get("total_cost") if isinstance(stated, dict) else stated)
    if amount is None:
        return None
    if data.get("is_byok") is True:
        amount += parse_amount(_object(data, "cost_details").get("upstream_inference_cost")) or 0
    return Cost(amount, "reported", "provider")


def _object(data: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = data.get(name)
        if isinstance(found, dict):
            return found
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
