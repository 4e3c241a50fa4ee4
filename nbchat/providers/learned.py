"""What refusals teach: parameters that a server does not take are left out of its requests, or carry the name that it takes.

Owns the rule what may be left out, the keys under which that is remembered (`Provider.learned`) and how it is told. Must not know
HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbchat.core.errors import ProviderError
from nbchat.core.events import LeftOut
from nbchat.core.models import Provider
from nbchat.core.requests import ModelRequest
from nbchat.providers.presets import Preset
from nbchat.providers.refusals import RefusedParametersError
from nbchat.providers.request_body import as_json, request_members, schema_of, with_schema

__all__ = ["Asked", "Fact", "facts"]

_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names of one bound. It is never left out, since it bounds what an answer costs."""
_KEPT = frozenset({
    "messages", "model", "stream", "tools", "tool_choice", "functions", "function_call", "response_format",
    "continue_final_message", "add_generation_prompt",
})  # fmt: skip
"""Without these the answer would be one to another question: their refusal is an error. (A JSON schema as the response format is
said in words instead.)"""
_FORMAT = "response_format"
_BAD_SCHEMA = re.compile(r"\binvalid (?:json )?schema\b", re.IGNORECASE)
_MOST = 4  # refusals of one request that are learned from


@dataclass(frozen=True, slots=True)
class Fact:
    """A parameter that a provider refuses, for one `model` of it ("" for all), and the name that it takes `instead` ("" none)."""

    parameter: str
    model: str
    instead: str

    @property
    def text(self) -> str:
        """The fact as a sentence, for people."""
        whom = f"{self.model} refuses it" if self.model else "its server refuses it"
        otherwise = "said in words" if self.parameter == _FORMAT else "left out"
        return f"{self.parameter} is {f'sent as {self.instead}' if self.instead else otherwise}: {whom}"


def facts(provider: Provider) -> tuple[Fact, ...]:
    """Return what was learned about a provider, for `doctor`."""
    found = []
    for key, instead in sorted(provider.learned.items()):
        model, _, parameter = key.rpartition(":")  # models' names have colons, parameters' have none
        found.append(Fact(parameter, model, instead))
    return tuple(found)


class Asked:
    """One request as it is spelled for a server about which more is learned with each refusal.

    `body` is its JSON; `lessons` is what its refusals taught, as members of `Provider.learned`, to be kept once the server took
    the request.
    """

    def __init__(self, request: ModelRequest, preset: Preset, learned: Mapping[str, str]) -> None:
        self.lessons: dict[str, str] = {}
        self._model = request.model
        self._members = request_members(request, preset)
        self._given = {preset.renamed.get(name, name) for name in request.parameters}
        self._tried: set[str] = set()
        self._left_out: list[LeftOut] = []
        for parameter in list(_names(self._members)):
            instead = learned.get(f"{request.model}:{parameter}", learned.get(parameter))
            if instead is not None and self._may_go(parameter):
                self._change(parameter, instead)
        self.body = as_json(self._members)

    def left_out(self) -> list[LeftOut]:
        """Return what was given for this request and is not in it, as far as that was not returned before."""
        found, self._left_out = self._left_out, []
        return found

    def learn(self, failure: ProviderError) -> str:
        """Change the request by what a refusal says; returns what was changed, "" where it has to stay refused."""
        if not isinstance(failure, RefusedParametersError) or len(self._tried) >= _MOST:
            return ""
        told = [told for name in failure.names if (told := self._learn(name, failure.about_model))]
        if _BAD_SCHEMA.search(failure.text):  # this one schema is refused, others may be taken
            self.lessons = {key: value for key, value in self.lessons.items() if not key.endswith(_FORMAT)}
        self.body = as_json(self._members)
        return " ".join(told)

    def _learn(self, name: str, about_model: bool) -> str:
        parameter = next((each for each in _names(self._members) if _same(each, name)), "")
        if not parameter or parameter in self._tried or not self._may_go(parameter):
            return ""
        instead = _RENAMED.get(parameter, "")
        if instead in self._tried:  # neither name is taken
            return ""
        self._tried.add(parameter)
        self.lessons[f"{self._model}:{parameter}" if about_model else parameter] = instead
        self._change(parameter, instead)
        if parameter == _FORMAT:
            return "Asked again with the schema in words."
        return f"Asked again with {instead} instead of {parameter}." if instead else f"Asked again without {parameter}."

    def _may_go(self, parameter: str) -> bool:
        return parameter not in _KEPT or (parameter == _FORMAT and bool(schema_of(self._members[_FORMAT])))

    def _change(self, parameter: str, instead: str) -> None:
        outer, _, inner = parameter.partition(".")
        if inner:
            rest = {name: value for name, value in self._members.pop(outer).items() if name != inner}
            self._members.update({outer: rest} if rest else {})
            return
        value = self._members.pop(outer)
        if outer == _FORMAT:
            self._members["messages"] = with_schema(self._members["messages"], schema_of(value))
        if instead:
            self._members.setdefault(instead, value)
        elif outer in self._given:
            self._left_out.append(LeftOut(outer))


def _names(members: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of a request can be refused by itself; the inner names first, so that they are found before their holder."""
    for name in members.get("stream_options") or ():
        yield f"stream_options.{name}"
    yield from members


def _same(parameter: str, name: str) -> bool:
    """Whether a server means this parameter: in whatever style it writes names, and an inner one also by itself."""
    spelled = [parameter, parameter.rpartition(".")[2]]
    return name.replace("_", "").casefold() in (each.replace("_", "").casefold() for each in spelled)
