"""Known providers: base URL, the usual environment variable of the key, and what to call them.

Pure data, from the providers' own documentation. A preset saves typing; everything works with a plain base URL as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One known provider. `env` is the usual variable of its key ("" for keyless ones); `local` servers run on this machine.

    `lists_prices`: its model listing says what models cost, so that the listing is asked before any other source.
    """

    id: str
    name: str
    base_url: str
    env: str = ""
    local: bool = False
    lists_prices: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Parameters that this provider calls otherwise."""
    stream_options: Mapping[str, bool] = field(default_factory=dict)
    """Further stream options that this provider knows."""
    continues: bool = False
    """Whether its models go on with an assistant message that comes last."""


_PRESETS = (
    Preset("ppq", "PPQ.AI", "https://api.ppq.ai/v1", "PPQ_API_KEY", lists_prices=True),
    Preset(
        "openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", lists_prices=True,
        headers=(("X-Title", "nbchat"),),
    ),
    Preset(
        "openai", "OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY",
        renamed=MappingProxyType({"max_tokens": "max_completion_tokens"}),  # its reasoning models refuse the old name
        stream_options=MappingProxyType({"include_obfuscation": False}),  # padding that is a third of the bytes
    ),
    Preset("anthropic", "Anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    Preset("gemini", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    Preset("deepseek", "DeepSeek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    Preset("groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    Preset("together", "Together AI", "https://api.together.xyz/v1", "TOGETHER_API_KEY", lists_prices=True),
    Preset("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    Preset("xai", "xAI", "https://api.x.ai/v1", "XAI_API_KEY"),
    Preset("mistral", "Mistral AI", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    Preset("ollama", "Ollama", "http://127.0.0.1:11434/v1", local=True),
    Preset("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", local=True),
    Preset("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", local=True),
    Preset("vllm", "vLLM", "http://127.0.0.1:8000/v1", local=True),
    Preset("litellm", "LiteLLM", "http://127.0.0.1:4000/v1", local=True),
    Preset("custom", "Custom", ""),
)  # fmt: skip
PRESETS: Mapping[str, Preset] = MappingProxyType({preset.id: preset for preset in _PRESETS})
"""The presets by id, in the order in which they are offered."""
