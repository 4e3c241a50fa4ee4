"""The chat-completions dialect: the data of server-sent events (or one whole completion) to provider events.

Owns what each field of a chunk means and when an answer is finished. Must not know HTTP; msgspec is loaded by the first decoder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from nbchat.core.errors import ProviderError
from nbchat.core.events import Finish, ModelNamed, ProviderEvent, ReasoningDelta, TextDelta, ToolCallDelta
from nbchat.core.secrets import Secret
from nbchat.core.texts import text_of, well_formed
from nbchat.providers.errors import HINTS, error_of_object, excerpt, object_of
from nbchat.providers.spellings import BROKEN, finish_reason, pieces_of_content, text_of_details
from nbchat.providers.sse import ServerSentEvent
from nbchat.providers.surrogates import SurrogateJoiner, has_surrogate
from nbchat.providers.think import ThinkSplitter
from nbchat.providers.tool_calls import CallNumbers
from nbchat.providers.usage_notes import UsageNotes

if TYPE_CHECKING:
    from nbchat.providers.chunk import Choice, Chunk, Delta, ToolCall

__all__ = ["MAX_ANSWER", "MAX_CALLS", "ChatCompletionsDecoder"]

MAX_ANSWER = 16 * 1024 * 1024
"""Characters of one answer (text, reasoning and arguments) after which a stream that never ends is given up."""
MAX_CALLS = 1000
"""Tool calls of one answer after which it is given up as well."""


class ChatCompletionsDecoder:
    """Turns the events of one response into provider events; neighbouring deltas of one batch come as one.

    `finished` is true once a finish reason or [DONE] came: only then is the answer complete. `failure` is set when the
    stream itself reports an error or is no chat stream; what was decoded before it has been returned and counts.
    """

    def __init__(self, *, secrets: Iterable[Secret] = (), limit: int = MAX_ANSWER) -> None:
        from nbchat.providers.chunk import decode_chunk

        self.done = False
        self.finish: Finish | None = None
        self.failure: ProviderError | None = None
        self.characters = 0
        self._decode_chunk = decode_chunk
        self._secrets = tuple(secrets)
        self._limit = limit
        self._out: list[ProviderEvent] = []
        self._run: list[str] = []
        self._run_type: type[TextDelta | ReasoningDelta] = TextDelta
        self._joiners: dict[type | int, SurrogateJoiner] = {}
        self._think: ThinkSplitter | None = ThinkSplitter()  # None once the rest of the text is text
        self._model = ""
        self._usage = UsageNotes()
        self._calls = CallNumbers()
        self._too_many_calls = False
        self._plain_reasoning = False  # it came as text of its own: what comes in other forms beside it is the same again

    @property
    def finished(self) -> bool:
        """Whether the provider said that the answer is over."""
        return self.done or self.finish is not None

    def decode(self, events: Sequence[ServerSentEvent]) -> list[ProviderEvent]:
        """Return what these events say; stops at a `failure` and at [DONE]."""
        for event in events:
            if self.done or self.failure is not None:
                break
            data = event.data
            if data[:1] != b"{":
                if not (data := data.strip()):
                    continue
                if data == b"[DONE]":
                    self.done = True
                    continue
            chunk = self._decode_chunk(data)
            if chunk is None:
                self._fail_protocol(data)
            elif chunk.choices is None or chunk.error or event.event == "error":
                self._unusual(chunk, data, event.event)
            else:
                self._chunk(chunk)
        return self._take()

    def decode_whole(self, body: bytes) -> list[ProviderEvent]:
        """Return what one whole completion (a response that is no stream) says; sets `failure` for anything else."""
        chunk = self._decode_chunk(body)
        if chunk is None or not chunk.choices:
            found = object_of(body)
            if "error" in found or "message" in found or "detail" in found:
                self.failure = error_of_object(found, status=200, secrets=self._secrets)
            else:
                self._fail_protocol(body)
            return []
        if chunk.error:
            self._unusual(chunk, body, "message")
        else:
            self._chunk(chunk)
            self.done = self.failure is None
        return self._take() + self.end()

    def end(self) -> list[ProviderEvent]:
        """Return what is still held back: half a character, the last usage, and a `Finish` that [DONE] alone implied."""
        self._flush_think()
        for channel, joiner in self._joiners.items():
            if rest := joiner.flush():
                if isinstance(channel, int):
                    self._flush_run()
                    self._out.append(ToolCallDelta(channel, arguments=rest))
                else:
                    self._append(TextDelta if channel is TextDelta else ReasoningDelta, rest)
        self._flush_run()
        self._report_usage()
        implied = self.done and self.finish is None and self.failure is None
        if implied and not self.characters:  # [DONE] alone: nothing never passes for an answer
            self.done = False
            self.failure = ProviderError("The answer was over before it began.", kind="protocol", hint="Send again.")
        elif implied:
            self.finish = Finish(None)
            self._out.append(self.finish)
        return self._take()

    def _take(self) -> list[ProviderEvent]:
        self._flush_run()
        out, self._out = self._out, []
        if self.characters > self._limit or self._too_many_calls:
            self._too_much()
        return out

    def _too_much(self) -> None:
        if self.finished:
            self.done = True  # whatever else comes, the answer is there
        elif self.failure is None:
            text = f"The answer passed {self._limit:,} characters, or {MAX_CALLS:,} tool calls, without an end and was cut."
            self.failure = ProviderError(text, kind="interrupted", hint="The partial answer is kept.")

    # ------------------------------------------------------------ one chunk

    def _chunk(self, chunk: Chunk) -> None:
        if chunk.model and chunk.model != self._model:
            self._model = chunk.model
            self._flush_run()
            self._out.append(ModelNamed(text_of(chunk.model, "A model's name")))
        for choice in chunk.choices or ():  # the usage chunk of most providers has none
            if not choice.index:  # None or 0; nbchat asks for one answer
                self._choice(choice)
        if len(chunk.usage) > 4:  # not null; behind the text of its chunk, which it counts: it leaves out what comes later alone
            self._note_usage(bytes(chunk.usage))
        elif chunk.x_groq:
            self._note_groq(bytes(chunk.x_groq))

    def _choice(self, choice: Choice) -> None:
        delta = choice.delta
        if delta is None and not self.characters:
            delta = choice.message  # a whole message; never beside deltas, it would double the answer
        if delta is not None:
            self._delta(delta)
        if choice.error and not self.finished:
            self.failure = error_of_object({"error": choice.error}, secrets=self._secrets)
        elif choice.finish_reason:
            self._finish(finish_reason(choice.finish_reason))
        if len(choice.usage) > 4:
            self._note_usage(bytes(choice.usage))

    def _finish(self, reason: str) -> None:
        if reason in BROKEN:
            if not self.finished and self.failure is None:
                kind = BROKEN[reason]
                text = f"The server ended the answer itself, with the finish reason “{reason}”."
                self.failure = ProviderError(text, kind=kind, hint=HINTS[kind], code=reason)
        elif self.finish is None or self.finish.reason != reason:
            self._flush_think()
            self._flush_run()
            self.finish = Finish(text_of(reason, "A finish reason"))
            self._out.append(self.finish)

    def _delta(self, delta: Delta) -> None:
        reasoning = delta.reasoning_content or delta.reasoning  # some servers send the same text under both names
        if reasoning:
            self._plain_reasoning = True
            self._append(ReasoningDelta, reasoning)
        elif delta.reasoning_details and not self._plain_reasoning:
            self._parted(text_of_details(delta.reasoning_details), "")
        content = delta.content
        if content:
            if not isinstance(content, str):
                self._flush_think()
                for thinks, text in pieces_of_content(content):
                    self._append(ReasoningDelta if thinks else TextDelta, text)
            elif self._think is None:
                self._append(TextDelta, content)
            else:
                self._beginning(self._think, content)
        if delta.refusal:
            self._flush_think()
            self._append(TextDelta, delta.refusal)
        for call in delta.tool_calls or ():
            self._call(call)
        if delta.function_call is not None:  # the spelling before tools
            self._call_fragment(0, "", delta.function_call.name or "", delta.function_call.arguments or "")

    def _beginning(self, think: ThinkSplitter, content: str) -> None:
        """Text while it may hold reasoning in tags; not where the server has already parted the two."""
        if self._plain_reasoning:
            self._append(TextDelta, content)
        else:
            self._parted(*think.feed(content))
        if self._plain_reasoning or think.plain:
            self._think = None

    def _flush_think(self) -> None:
        if self._think is not None:
            self._parted(*self._think.flush())

    def _parted(self, reasoning: str, text: str) -> None:
        if reasoning:
            self._append(ReasoningDelta, reasoning)
        if text:
            self._append(TextDelta, text)

    def _append(self, kind: type[TextDelta | ReasoningDelta], text: str) -> None:
        if self._joiners or has_surrogate(text):
            text = self._joiners.setdefault(kind, SurrogateJoiner()).join(text)
        if kind is not self._run_type:
            self._flush_run()
            self._run_type = kind
        self._run.append(text)
        self.characters += len(text)

    def _flush_run(self) -> None:
        if self._run:
            if text := "".join(self._run):
                self._out.append(self._run_type(text))
            self._run.clear()

    # ------------------------------------------------------------ tool calls

    def _call(self, call: ToolCall) -> None:
        function = call.function
        name, arguments = (function.name or "", function.arguments or "") if function else ("", "")
        self._call_fragment(self._calls.number(call.index, call.id or "", name, arguments), call.id or "", name, arguments)
        self._too_many_calls = len(self._calls) > MAX_CALLS

    def _call_fragment(self, index: int, id: str, name: str, arguments: str) -> None:
        self._flush_think()
        self._flush_run()
        if index in self._joiners or has_surrogate(arguments):
            arguments = self._joiners.setdefault(index, SurrogateJoiner()).join(arguments)
        self.characters += len(arguments) + len(name) + len(id)  # calls without arguments come to an end as well
        self._out.append(ToolCallDelta(index, well_formed(id), well_formed(name), arguments))

    # ------------------------------------------------------------ usage and errors

    def _note_usage(self, raw: bytes) -> None:
        if self._usage.note(raw):
            self._report_usage()

    def _note_groq(self, raw: bytes) -> None:
        if isinstance(usage := object_of(raw).get("usage"), dict):
            self._note_usage(json.dumps(usage).encode())

    def _report_usage(self) -> None:
        if (report := self._usage.report()) is not None:
            self._flush_run()
            self._out.append(report)

    def _unusual(self, chunk: Chunk, data: bytes, event: str) -> None:
        """A payload without choices, or with an error: an error object, a usage alone, or something to pass over."""
        found = object_of(data)
        if not chunk.error and event != "error":
            self._chunk(chunk)
            kind = found.get("object") or found.get("type")
            if kind != "error" and not ("message" in found and "code" in found):
                return
        else:
            self._beside_an_error(chunk)
        if not self.finished:  # an error after the finish reason takes nothing from the answer
            self.failure = error_of_object(found, secrets=self._secrets)

    def _beside_an_error(self, chunk: Chunk) -> None:
        """Take the text and the count of a chunk that brings an error as well; what it says of the answer's end does not hold."""
        for choice in chunk.choices or ():
            if not choice.index and choice.delta is not None:
                self._delta(choice.delta)
        if chunk.usage:
            self._note_usage(bytes(chunk.usage))

    def _fail_protocol(self, data: bytes) -> None:
        if self.finished:
            return
        found = object_of(data)
        if "error" in found:  # in a list, as Gemini has it
            self.failure = error_of_object(found, secrets=self._secrets)
        else:
            text = f"The server sent something that is no chat completion: {data[:2000].decode('utf-8', 'replace')}"
            self.failure = ProviderError(excerpt(text, self._secrets), kind="protocol", hint=HINTS["protocol"])
