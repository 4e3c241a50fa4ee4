"""What the demo model says: a few keywords and the texts behind them.

Every text is written here; nothing is generated. Must not know how an answer is sent (`nbchat.demo` does).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count, islice

from nbchat._server.completion import split_tokens

__all__ = ["LONG", "THOUGHTS", "calling", "long_answer", "results", "sections", "welcome"]

LONG = 800
"""Tokens of an answer to "long" without a number."""

THOUGHTS = """\
The question has the word “reasoning” in it, so I should show what a model's reasoning looks like. I cannot think: these \
sentences were written in advance. But they come as a reasoning model's would, before the answer and apart from it, and are \
counted as reasoning tokens. That should be enough. Now the answer."""

_HELLO = """\
Hello! I am nbchat's **demo model**: a small program on this machine, *not* a language model. What I say was written in \
advance, and nothing that you type to me leaves your computer."""

_WORDS = """\
| word | what you will see |
|---|---|
| `markdown` | headings, lists, quotes, links, many scripts |
| `code` | a Python function, highlighted, with a button to copy it |
| `table` | a table |
| `math` | formulas, inline and displayed |
| `reasoning` | thinking aloud before the answer |
| `tool` | a tool call; after `s.tools = [function]` a real one, and its result |
| `long`, `long 5000` | a long answer (of so many tokens): watch it stream, press Stop, scroll back |
| `error 429` | any HTTP error from 400 to 599, and how it is shown |
| `error cut`, `error stream`, `error html` | a cut connection, an error in mid-answer, a web page instead of an answer |

Several words in one question give several parts in one answer."""

_CONNECT = """\
### Talk to a real model

```python
import nbchat

nbchat.add_provider(preset="openai")    # reads the key from OPENAI_API_KEY; it is never stored
nbchat.list_models("openai")            # what it offers

s = nbchat.session("notes", model="openai/...")    # one of those
s.ask("What is a monad?")
```

A server of your own works the same way: `nbchat.add_provider("lab", base_url="http://127.0.0.1:8080/v1")`."""

_MARKDOWN = """\
## Markdown

Text can be **bold**, *italic*, ~~struck out~~ or `code`, and [links](https://jupyter.org) open in a new tab.

1. Numbered lists
2. with items
   - and items in items,
   - as deep as you like
3. and back.

> A quotation, which may have
> several lines.

Every script streams: Grüße, ελληνικά, 你好, こんにちは, مرحبا, 👩‍🔬 and 🇳🇴.

---"""

_CODE = """\
## Code

```python
def fibonacci(n: int) -> list[int]:
    \"\"\"Return the first n Fibonacci numbers.\"\"\"
    numbers = [0, 1]
    while len(numbers) < n:
        numbers.append(numbers[-1] + numbers[-2])  # each is the sum of the two before
    return numbers[:n]


print(fibonacci(10))  # [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
```

Code is highlighted while it streams. In Python, `s.messages[-1].text` has it as it was sent."""

_TABLE = """\
## A table

| planet | radius (km) | moons | a day lasts |
|:--|--:|--:|--:|
| Mercury | 2,440 | 0 | 4,223 h |
| Venus | 6,052 | 0 | 2,802 h |
| Earth | 6,371 | 1 | 24.0 h |
| Mars | 3,390 | 2 | 24.7 h |

Its rows appear one by one, and its columns keep their alignment."""

_MATH = r"""## Math

Inline, as in $e^{i\pi} + 1 = 0$, or displayed:

$$
\int_{-\infty}^{\infty} e^{-x^2} \, dx = \sqrt{\pi}
\qquad
\sum_{n=1}^{\infty} \frac{1}{n^2} = \frac{\pi^2}{6}
$$

Prices such as $5 and $10 are left alone."""

_REASONING = """\
## Reasoning

What came before this line was sent as reasoning. It is kept apart from the answer, can be folded away, and is not sent back \
with the next question. In Python it is among `s.messages[-1].parts`."""

_TOOL = """\
## A tool call

Below I ask for a call of `get_weather`. Nothing is run: this shows what a call looks like when a model makes one. Give the \
session a function of yours, `s.tools = [function]`, and I shall call that."""

_ERROR = """\
## Errors

Ask for `error 401`, `error 429`, `error 500` or any other status from 400 to 599 to see how it is shown and what nbchat \
does about it; `error cut`, `error stream` and `error html` go wrong in other ways. What had arrived is always kept, and the \
next question works."""

_KEYWORDS: tuple[tuple[str, str], ...] = (
    (r"markdown", _MARKDOWN),
    (r"code", _CODE),
    (r"tables?", _TABLE),
    (r"maths?|formulas?", _MATH),
    (r"reasoning", _REASONING),
    (r"tools?", _TOOL),
    (r"errors?", _ERROR),
)

_ESSAY = (
    """Every answer you see here travels the way a real model's would: as a stream of small events over HTTP. A thread of its \
own in the kernel reads them, so text keeps arriving while a cell runs, and Stop works meanwhile.""",
    """The pieces are gathered for a thirtieth of a second before they go to the page. A page that misses one notices the gap \
by its number and asks for what it lacks; so a reload in mid-stream, or a second tab, ends with the same text.""",
    """The answer is saved from its first moment and at most half a second behind. If the kernel dies, what had come is still \
there, and says that it was interrupted; no half answer ever passes for a whole one.""",
    """A conversation is a tree. A cell that is run again makes a branch beside the old one, and nothing is deleted. The model \
is sent the branch that you see, and no other.""",
    """Every request is written down with its tokens and its cost, the stopped and the failed ones too. What is not known is \
shown as a dash and never counted as zero; what is estimated carries a tilde.""",
    """Keys stay where you keep them: in the environment or in the system's keyring. They are read when a request is made and \
are found in no notebook, no database and no log.""",
)


def welcome(question: str, *, messages: int = 1, system: bool = False) -> str:
    """Return the answer to a question without any keyword; `messages` is how many came with the request."""
    quoted = "\n".join(f"> {line}" for line in _end_of(question).splitlines()) or "> (nothing)"
    came = [f"{messages} messages, your earlier ones included" if messages > 1 else ""]
    came.append("a system prompt" if system else "")
    along = " and ".join(filter(None, came))
    return "\n\n".join(
        (
            _HELLO,
            f"You wrote:\n\n{quoted}",
            *([f"With it came {along}, just as a real model would get it."] if along else []),
            f"Put one of these words into a question:\n\n{_WORDS}",
            _CONNECT,
        )
    )


def sections(question: str) -> list[str]:
    """Return the parts of the answer that the keywords in the question ask for, in the order of the list above."""
    asked = question.lower()
    return [text for pattern, text in _KEYWORDS if re.search(rf"\b(?:{pattern})\b", asked)]


def calling(name: str) -> str:
    """Return what is said before a real tool is called."""
    return f"I ask for a call of `{name}`. Its arguments are examples, made from what its description says of them."


def results(texts: Iterable[str], question: str) -> list[str]:
    """Return the parts of the answer to a question whose tool calls gave these texts."""
    parts = ["## What the tool gave"]
    for text in texts:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        parts.append(f"{fence}text\n{_shortened(text, 2000)}\n{fence}")
    parts.append("A real model would now go on with this in mind. I only show it.")
    return parts + [text for text in sections(question) if text != _TOOL]


def long_answer(tokens: int) -> tuple[str, ...]:
    """Return exactly this many tokens of a text in numbered parts."""

    def endless() -> Iterator[str]:
        yield from split_tokens("## A long answer\n\nStop me whenever you like; what has come is kept.")
        for part in count():
            yield from split_tokens(f"\n\n### Part {part + 1}\n\n{_ESSAY[part % len(_ESSAY)]}")

    return tuple(islice(endless(), tokens))


def _end_of(question: str) -> str:
    """A question as it is quoted: of a long one the last paragraph; what goes along with a question stands before it."""
    last = question.rstrip().rpartition("\n\n")[2]
    if len(question) <= _QUOTED or last == question.rstrip():
        return _shortened(question)
    return f"({len(question) - len(last):,} characters, and then:)\n\n{_shortened(last)}"


_QUOTED = 300


def _shortened(text: str, limit: int = _QUOTED) -> str:
    return text if len(text) <= limit else f"{text[:limit]} …"
