"""Probe: what one provider is like, found by asking it: the way there, its clock, its key, its models, one small answer.

Owns the order of the steps and the bound on the whole; each step's words are its own module's. It is a person who asks for it.
"""

from __future__ import annotations

import asyncio
import difflib
import ssl
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nbchat.core.errors import ChatError, ProviderError
from nbchat.core.findings import Finding
from nbchat.core.models import Model, Provider
from nbchat.core.secrets import Secret
from nbchat.providers.authorities import ssl_context
from nbchat.providers.capabilities import takes_tools
from nbchat.providers.errors import excerpt
from nbchat.providers.learned import facts
from nbchat.providers.proxies import Proxy, proxy_of
from nbchat.providers.reach import WALK_SECONDS, Way, server_time
from nbchat.providers.registry import ProviderRegistry
from nbchat.providers.shown import place_of_key, shown_url
from nbchat.providers.trial import Trial
from nbchat.providers.urls import check_base_url, is_loopback, origin
from nbchat.sessions.budget import Budgets
from nbchat.sessions.ports import Ports
from nbchat.sessions.tasks import within

__all__ = ["PROBE_SECONDS", "Probe"]

PROBE_SECONDS = 20.0
"""The bound on the whole probe."""
_KEY_SECONDS = 5.0
_MODELS_SECONDS = 6.0
_ANSWER_SECONDS = 12.0
_LOOK_BACK = 30 * 86_400.0
"""Seconds of the ledger that are searched for a tool's call: of all years it would take seconds to read."""
_SKEW_SECONDS = 60
"""Difference between two clocks that is worth a word; signed tokens are refused from five minutes on, mostly."""


class Probe:
    """Asks `model` of a provider (without one: what it was asked last, else the cheapest that it lists). `tools`: some session
    here has tools, so it matters whether the model takes them."""

    def __init__(
        self, registry: ProviderRegistry, ports: Ports, budgets: Budgets, id: str, model: str = "", *, tools: bool = False
    ) -> None:
        self.secrets: list[Secret] = []
        """What must not appear in any word of the findings, as it comes to be known."""
        self.findings: list[Finding] = []
        self._registry = registry
        self._ports = ports
        self._budgets = budgets
        self._id = id
        self._model = model
        self._wants_tools = tools
        self._provider: Provider | None = None
        self._proxy: Proxy | None = None
        self._way: Way | None = None
        self._models: Sequence[Model] | None = None
        self._models_error: ChatError | None = None
        self._trial: Trial | None = None

    @property
    def lag(self) -> float | None:
        """How late this process was, in seconds, while an answer came; None where none did."""
        return None if self._trial is None else self._trial.lag.worst

    async def run(self) -> None:
        """Ask; `findings` fills as it goes, so that one that is late or cancelled has told what it found."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PROBE_SECONDS
        if not await self._step("provider", self._find(), _KEY_SECONDS):
            return
        key = await self._step("key", self._resolve(), _KEY_SECONDS)
        assert self._provider is not None
        tls = await self._step("tls", self._authorities(self._provider), _KEY_SECONDS)
        if tls is None or not await self._step("connect", self._walk(self._provider, tls), WALK_SECONDS):
            return
        if key is not None:  # it was found, or none is needed
            await self._step("models", self._list(), _MODELS_SECONDS + 1)
            await self._ask(min(_ANSWER_SECONDS, max(end - loop.time(), 1.0)))
            self._tell(self._provider)
            if self._trial is not None:
                self.findings += await self._step("tools", self._tools(self._trial.run.request.model), _KEY_SECONDS) or ()

    async def _step(self, about: str, work: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """Run one step; whatever goes wrong within it is a finding."""
        try:
            return await within(seconds, work)
        except ChatError as error:
            self._add("wrong", about, error.text, error.hint)
        except TimeoutError:
            self._add("wrong", about, f"this takes longer than {seconds:g} s", _LATE.get(about, ""))
        except Exception as error:  # a check that is wrong itself must not hide what the others found
            self._add("wrong", about, f"this check failed: {type(error).__name__}: {excerpt(str(error), (), 200)}", _REPORT)
        return None

    def _add(self, state: Any, about: str, text: str, hint: str = "") -> None:
        self.findings.append(Finding(state, about, text, hint))

    # ------------------------------------------------------------ the steps

    async def _find(self) -> bool:
        """Get to know the provider; raises ConfigError where there is none."""
        self._provider = self._registry.endpoint(self._id).provider
        if self._provider.base_url:
            check_base_url(self._provider.base_url, insecure=self._provider.insecure)  # a database may hold anything
            self._add("ok", "provider", f"{self._id} at {shown_url(self._provider.base_url)}")
            scheme, host, _ = origin(self._provider.base_url)
            if scheme == "http" and not is_loopback(host):
                text = "none: key and conversation travel unencrypted, as you allowed it"
                self._add("note", "tls", text, "Use https:// if the server has it.")
        else:
            self._add("ok", "provider", f"{self._id}, which comes with nbchat and is started when it is asked")
        return True

    async def _resolve(self) -> bool | None:
        """Get its key, and where it is; None where nobody can be asked for the key."""
        assert self._provider is not None
        provider = self._provider
        if provider.key.kind == "prompt" and not self._registry.keys.mark(provider):
            self._add(
                "note",
                "key",
                f"{place_of_key(provider.key, self._id)}: not asked for here",
                "Ask a question first, then look again.",
            )
            return None
        loop = asyncio.get_running_loop()
        self._provider, key = await loop.run_in_executor(None, self._registry.resolve, self._id)
        if key is not None:
            self.secrets.append(key)
        return True

    async def _authorities(self, provider: Provider) -> ssl.SSLContext:
        return await asyncio.get_running_loop().run_in_executor(None, ssl_context, provider.ca_bundle)

    async def _walk(self, provider: Provider, tls: ssl.SSLContext) -> bool:
        self._proxy = proxy_of(provider.base_url, provider.proxy)
        if self._proxy is not None and self._proxy.login is not None:
            self.secrets += [self._proxy.login, *self._proxy.parts]
        way = Way(provider.base_url, tls=tls, now=self._ports.clock.time(), proxy=self._proxy)
        try:
            whole = await way.walk()
        finally:
            self.findings += way.findings
        self._way = way
        self._clock(way.headers.get("date", ""))
        return whole

    def _clock(self, date: str) -> None:
        theirs = server_time(date)
        if theirs is None:
            return
        ahead = self._ports.clock.time() - theirs
        if abs(ahead) > _SKEW_SECONDS:
            text = f"this machine's clock is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
            self._add("wrong", "clock", text, "Set it right: certificates and short-lived keys are refused when it is far off.")
        else:
            self._add("ok", "clock", "agrees with the server's")

    async def _list(self) -> None:
        try:
            # not the catalogue's, which goes on when this is interrupted
            self._models = await within(_MODELS_SECONDS, self._registry.endpoint(self._id).list_models())
        except TimeoutError:
            self._models_error = ProviderError(f"no list came within {_MODELS_SECONDS:g} s", kind="timeout")
        except ChatError as error:
            self._models_error = error

    async def _ask(self, seconds: float) -> None:
        model = self._model or self._chosen()
        if model:
            self._trial = Trial(self._registry.endpoint(self._id), self._ports, self._budgets, model)
            try:
                await self._trial.ask(seconds)
            except Exception as error:  # see _step; not a step, since asking has its own bound and must settle
                self._add(
                    "wrong", "answer", f"this check failed: {type(error).__name__}: {excerpt(str(error), (), 200)}", _REPORT
                )
                self._trial = None

    def _chosen(self) -> str:
        """The model that this provider was asked last, else the cheapest whose price is known, else the first."""
        assert self._provider is not None
        if self._provider.last_model or not self._models:
            return self._provider.last_model
        return min(self._models, key=_price_rank).id

    # ------------------------------------------------------------ in words

    def _tell(self, provider: Provider) -> None:
        error = None if self._trial is None else self._trial.error
        key = self._key_finding(provider, error)
        self.findings.append(key)
        for each in (self._models_finding(error), *(() if self._trial is None else self._trial.findings(self._between()))):
            follows = key.state == "wrong" and each.state == "wrong" and each.about in ("models", "answer")
            self.findings.append(replace(each, state="note", hint=_BY_THE_KEY) if follows else each)
        if self._trial is not None:
            self.findings += [*self._parameters(self._registry.endpoint(self._id).provider)]

    def _key_finding(self, provider: Provider, error: ChatError | None) -> Finding:
        where = place_of_key(provider.key, self._id)
        for each in (error, self._models_error):
            if each is not None and each.kind == "config" and "characters" in each.text:
                return Finding("wrong", "key", f"{where}: it holds characters that no key has", each.hint)
        refused = error if error is not None else self._models_error if self._trial is None else None
        if refused is not None and refused.kind == "auth":
            if provider.key.kind == "none":
                hint = f'Give it one: nbchat.add_provider("{self._id}", ..., api_key_env="NAME_OF_A_VARIABLE").'
                return Finding("wrong", "key", "the server wants a key, and none is configured", hint)
            hint = "Is it complete, of this provider, not revoked, and allowed to use this model?"
            return Finding("wrong", "key", f"{where}: the server refuses it", hint)
        if provider.key.kind == "none":
            return Finding("ok", "key", "none is configured" + (", and none is asked for" if error is None else ""))
        accepted = self._trial is not None and error is None
        return Finding("ok", "key", f"{where}{': the server takes it' if accepted else ''}")

    def _models_finding(self, error: ChatError | None) -> Finding:
        answers = self._trial is not None and error is None
        model = self._trial.run.request.model if self._trial is not None else self._model
        if self._models is None:
            why = "" if self._models_error is None else f": {self._models_error.text}"
            hint = "Models can be used all the same, by name." if answers else "Check the base URL: it usually ends in /v1."
            return Finding("note" if answers else "wrong", "models", f"the list of models cannot be had{why}", hint)
        count = f"{len(self._models)} listed"
        if not model:
            return Finding("wrong", "models", f"{count}, none to ask", "Name one: %nbchat doctor provider/model.")
        ids = [each.id for each in self._models]
        if model in ids:
            return Finding("ok", "models", f"{count}, {model} among them")
        near = difflib.get_close_matches(model, ids, 3, 0.5)
        meant = f"Did you mean {' or '.join(near)}?" if near else "%nbchat models lists them."
        if answers:
            return Finding("ok", "models", f"{count}; {model} is not, but answers")
        return Finding("wrong", "models", f"{count}, but not {model}", meant)

    def _between(self) -> str:
        """What the server and those before it call themselves."""
        headers = {} if self._way is None else self._way.headers
        names = [excerpt(headers[name], (), 40) for name in ("server", "via") if headers.get(name)]
        return f" ({', '.join(names)})" if names else ""

    def _parameters(self, provider: Provider) -> list[Finding]:
        """Which parameters this server was found to refuse."""
        found = [Finding("ok", "parameters", fact.text) for fact in facts(provider)]
        return [*found[:-1], replace(found[-1], hint=_FORGET)] if found else []

    async def _tools(self, model: str) -> list[Finding]:
        """Whether the model takes tools, as far as that is known without a question that costs: its listing says so, or the
        ledger has a request that followed a call."""
        listed = next((takes_tools(each) for each in self._models or () if each.id == model), None)
        if listed is False and self._wants_tools:
            hint = "Take the session's tools away (s.tools = []), or choose another model."
            return [Finding("note", "tools", f"by its listing {model} takes none, and a session here has some", hint)]
        if listed is not None:
            return [Finding("ok", "tools", f"by its listing {model} takes {'tools' if listed else 'none'}")]
        rows = await self._ports.ledger.records(since=self._ports.clock.time() - _LOOK_BACK)
        if any((row.purpose, row.provider, row.model) == ("tool-round", self._id, model) for row in rows):
            return [Finding("ok", "tools", f"{model} has called some before")]
        return [Finding("ok", "tools", f"nobody says whether {model} takes any: a question shows")] if self._wants_tools else []


def _price_rank(model: Model) -> Decimal:
    price = model.price
    return Decimal(sys.maxsize) if price is None or price.output is None else price.output


_BY_THE_KEY = "This comes of the key: see there."
_FORGET = "Learned from its refusals. If that has changed: remove the provider and add it again."
_LATE = {"key": "A keyring may wait to be unlocked: unlock it, then look again.", "connect": "The network is very slow."}
_REPORT = "This is nbchat's own mistake: please report it."
