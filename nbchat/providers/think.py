"""ThinkSplitter: takes the reasoning out of an answer that begins with it in tags, as models write it where no server parts it.

Owns the tags, and the halves of them at the end of a delta. Only what stands at the very beginning of an answer is a tag; later,
in code say, it is text. A closing tag that nothing opened is text as well: where the prompt itself opens the reasoning, nothing
tells it from an answer while it streams. (Servers part it: `--reasoning-parser` of vLLM, `--reasoning-format` of llama.cpp.)
"""

from __future__ import annotations

from typing import Literal

__all__ = ["TAGS", "ThinkSplitter"]

TAGS = {"<think>": "</think>", "<thought>": "</thought>", "[THINK]": "[/THINK]"}
"""DeepSeek-R1, Qwen3, MiniMax-M2 and GLM; Gemini's compatible endpoint when thoughts are included; Magistral's template."""
_BLANK = 64  # characters of white space that may stand before a tag


class ThinkSplitter:
    """Feed it an answer's text in pieces. Once it is `plain` whatever follows is text, and it need not be asked any more.

    White space beside the tags goes with them. Reasoning that nothing closes stays reasoning, so that no word is lost.
    """

    __slots__ = ("_close", "_held", "_state", "_words")

    def __init__(self) -> None:
        self._state: Literal["start", "thinks", "closed", "plain"] = "start"
        self._held = ""  # what may turn out to be a tag
        self._close = ""
        self._words = False  # the reasoning has begun: what is white space then belongs to it

    @property
    def plain(self) -> bool:
        """Whether the rest of the answer is text."""
        return self._state == "plain"

    def feed(self, text: str) -> tuple[str, str]:
        """Return (reasoning, text): what is certain by now, in this order."""
        text, self._held = self._held + text, ""
        reasoning = ""
        if self._state == "start":
            text = self._begin(text)
        if self._state == "thinks":
            reasoning, text = self._think(text)
        if self._state == "closed":
            text = text.lstrip()
            if text:
                self._state = "plain"
        return reasoning, text

    def flush(self) -> tuple[str, str]:
        """Return (reasoning, text) of what is held: something that is no text follows, or nothing."""
        held, self._held = self._held, ""
        if self._state == "thinks":
            return held, ""
        self._state = "plain"
        return "", held

    def _begin(self, text: str) -> str:
        begun = text.lstrip()
        if len(text) - len(begun) <= _BLANK:
            for opening, close in TAGS.items():
                if begun.startswith(opening):
                    self._state, self._close = "thinks", close
                    return begun[len(opening) :]
            if any(opening.startswith(begun) for opening in TAGS):
                self._held = text
                return ""
        self._state = "plain"
        return text

    def _think(self, text: str) -> tuple[str, str]:
        if not self._words:
            text = text.lstrip()
        reasoning, closed, text = text.partition(self._close)
        if closed:
            self._state = "closed"
        else:
            self._held = next((end for n in range(len(self._close) - 1, 0, -1) if reasoning.endswith(end := self._close[:n])), "")
            reasoning = reasoning[: len(reasoning) - len(self._held)]
        self._words = self._words or bool(reasoning)
        return reasoning, text
