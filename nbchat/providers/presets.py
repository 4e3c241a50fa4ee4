"""Known providers: base URL, the usual environment variable of the key, and what to call them.

Pure data, from the providers' own documentation, which is named beside each. A preset saves typing; everything works with a
plain base URL as well, and any number of providers may have the same preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nbchat.core.models import DEMO, Provider

__all__ = ["PRESETS", "Prefill", "Preset", "preset_of"]


@dataclass(frozen=True, slots=True)
class Prefill:
    """How a server is told to go on with the assistant message that comes last: further members of that message, and of the
    request. Servers that need neither do so by themselves."""

    message: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preset:
    """One known provider. `env` is the usual variable of its key ("" for keyless ones); `local` servers run on this machine.

    A base URL may begin with a variable of the environment ("$HOST/v1"): `url` fills it in. `lists_prices`: its model listing
    says what models cost, or may say so, and is asked before any other source. `lists_to_all`: the listing is public, so that
    it says nothing about the key.
    """

    id: str
    name: str
    base_url: str
    env: str = ""
    local: bool = False
    lists_prices: bool = False
    lists_to_all: bool = False
    models: str = "/models"
    """Where the listing is, below the base URL."""
    models_key: str = ""
    """The header that bears the key when the listing is asked for; "" for Authorization, as everywhere else."""
    key_hint: str = ""
    """What to do when the variable of the key is not set, where it is not up to the person alone."""
    headers: tuple[tuple[str, str], ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Parameters that this provider calls otherwise."""
    stream_options: Mapping[str, bool] = field(default_factory=dict)
    """Further stream options that this provider knows."""
    prefill: Prefill | None = None
    """How its models are made to go on with an assistant message that comes last; None where they do not, or only some do."""
    call_ids: str = ""
    """What the ids of tool calls must match (a regular expression); "" takes any. Calls may come from another provider."""

    def url(self, env: Mapping[str, str]) -> str:
        """Return the base URL here; "" when it has none, or when the variable that it begins with is not set."""
        if not self.base_url.startswith("$"):
            return self.base_url
        variable, _, path = self.base_url[1:].partition("/")
        host = env.get(variable, "").strip().rstrip("/")
        return f"{host}/{path}" if host else ""


# Not on this list, so asked to continue in words. Anthropic: models since 4.6 answer a prefill with a 400
# (platform.claude.com/docs, "What's new in Claude 4.6"). OpenRouter, LiteLLM: it depends on the model behind them. DeepSeek:
# only under another base URL (/beta). OpenAI, Gemini, xAI, LM Studio: a trailing assistant message is an earlier answer.
_LAST_GOES_ON = Prefill()
"""llama.cpp (github.com/ggml-org/llama.cpp/pull/13174) and Ollama (github.com/ollama/ollama/issues/6778) go on by themselves."""
_MISTRAL = Prefill(message=MappingProxyType({"prefix": True}))
"""docs.mistral.ai, chat completions, `prefix` of an assistant message; without it the request is refused."""
_VLLM = Prefill(request=MappingProxyType({"continue_final_message": True, "add_generation_prompt": False}))
"""docs.vllm.ai, "OpenAI-Compatible Server", extra parameters of the chat API: the two exclude each other."""

_COLAB_KEY = (
    "In Colab: from google.colab import userdata; import os; "
    'os.environ["MODEL_PROXY_API_KEY"] = userdata.get("MODEL_PROXY_API_KEY"). Then send again.'
)

_PRESETS = (
    Preset(  # ppq.ai/llms.txt; GET /v1/models takes no key (ppq.ai/api-docs)
        "ppq", "PPQ.AI", "https://api.ppq.ai/v1", "PPQ_API_KEY", lists_prices=True, lists_to_all=True,
    ),
    Preset(  # openrouter.ai/docs, quickstart; its listing is served without a key as well. (A title without a site's address,
        # which a notebook has not, is of no use: openrouter.ai/docs/app-attribution.)
        "openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", lists_prices=True, lists_to_all=True,
    ),
    Preset(  # platform.openai.com/docs/api-reference
        "openai", "OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY",
        renamed=MappingProxyType({"max_tokens": "max_completion_tokens"}),  # its reasoning models refuse the old name
        stream_options=MappingProxyType({"include_obfuscation": False}),  # padding that is a third of the bytes
        call_ids=r"[A-Za-z0-9_-]{1,40}",
    ),
    Preset(  # platform.claude.com/docs, "OpenAI SDK compatibility"; the listing is the native one ("List Models"): it wants the
        # key in a header of its own and a version, and gives 20 models unless asked for more
        "anthropic", "Anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", call_ids=r"[A-Za-z0-9_-]+",
        headers=(("anthropic-version", "2023-06-01"),), models="/models?limit=1000", models_key="x-api-key",
    ),
    Preset(  # ai.google.dev/gemini-api/docs/openai
        "gemini", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
    ),
    Preset(  # api-docs.deepseek.com, "Your First API Call": without /v1, which is an alias
        "deepseek", "DeepSeek", "https://api.deepseek.com", "DEEPSEEK_API_KEY",
    ),
    Preset(  # console.groq.com/docs/openai
        "groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY",
    ),
    Preset(  # docs.together.ai/docs/inference/openai-compatibility; it was api.together.xyz before
        "together", "Together AI", "https://api.together.ai/v1", "TOGETHER_API_KEY", lists_prices=True,
    ),
    Preset(  # docs.fireworks.ai/tools-sdks/openai-compatibility
        "fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY",
    ),
    Preset(  # docs.x.ai, "Migration from other providers"
        "xai", "xAI", "https://api.x.ai/v1", "XAI_API_KEY",
    ),
    Preset(  # docs.mistral.ai/api
        "mistral", "Mistral AI", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", prefill=_MISTRAL, call_ids=r"[A-Za-z0-9]{9}",
    ),
    Preset(  # github.com/googlecolab/colabtools, google/colab/ai.py: host and key come from the environment (the key from the
        # notebook's secrets), and the listing is beside the compatible endpoint, not below it
        "colab", "Google Colab", "$MODEL_PROXY_HOST/models/openapi", "MODEL_PROXY_API_KEY", models="/..", key_hint=_COLAB_KEY,
    ),
    Preset(  # docs.ollama.com/api/openai-compatibility
        "ollama", "Ollama", "http://127.0.0.1:11434/v1", local=True, prefill=_LAST_GOES_ON,
    ),
    Preset(  # lmstudio.ai/docs/developer/openai-compat
        "lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", local=True,
    ),
    Preset(  # github.com/ggml-org/llama.cpp, tools/server/README.md
        "llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", local=True, prefill=_LAST_GOES_ON,
    ),
    Preset(  # docs.vllm.ai, "OpenAI-Compatible Server"
        "vllm", "vLLM", "http://127.0.0.1:8000/v1", local=True, prefill=_VLLM,
    ),
    Preset(  # docs.litellm.ai/docs/proxy/quick_start; where it has a master key, name the variable that holds yours
        "litellm", "LiteLLM", "http://127.0.0.1:4000/v1", local=True, lists_prices=True,
    ),
    Preset("custom", "Custom", "", lists_prices=True),
)  # fmt: skip
PRESETS: Mapping[str, Preset] = MappingProxyType({preset.id: preset for preset in _PRESETS})
"""The presets by id, in the order in which they are offered."""

_DEMO = Preset(DEMO, "Demo", "", prefill=_LAST_GOES_ON)
"""The embedded demo model: not offered, since it is there by itself."""


def preset_of(provider: Provider) -> Preset:
    """Return what is known of a provider's kind; for one of a kind that is not known, what holds for any server."""
    return _DEMO if provider.preset == DEMO else PRESETS.get(provider.preset, PRESETS["custom"])
