"""Context: what the names in a question stand for (`@df`, `@In[3]`, `@error`), and what a model is told of it.

    question -> core.mentions -> names (what it is) -> describing (what is said of it, within an allowance) -> attachments

Owns the reading of a notebook's values, which happens for names that somebody wrote and for nothing else. Values are untrusted:
their code runs on threads of its own, for a bounded time, and what it says is data, framed as such (`core/attachments.py`).
"""

from typing import Final

ALLOWANCE: Final = 2_000
"""Tokens that a name in a question may come to, unless somebody says otherwise (`c.NbChat.context_tokens`)."""
LEAST: Final = 100
"""Tokens: the frame of what is said takes some fifty of them."""
