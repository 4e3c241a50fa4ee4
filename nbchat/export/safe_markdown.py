"""Makes a model's Markdown safe to keep in a notebook, whose trusted outputs are rendered without a sanitiser.

The rule is to never depend on agreeing with a renderer about where code begins and ends:
- a fenced block is written anew, unindented, with a fence longer than any run of its character within, so no renderer
  ends it early;
- inline code stays only where it would be harmless as text; else it becomes <code> with every sign as an entity;
- everywhere else "<" is an entity, links lead to http, https and mailto alone (by a list of what is allowed, so that
  encodings of other schemes cannot matter), reference definitions are text, and images are text that names their host.
Entities, not backslashes, because a backslash before ours would turn it into a literal one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = [
    "Fence",
    "clean_text",
    "escape_text",
    "fenced",
    "file_language",
    "image_host",
    "image_text",
    "safe_markdown",
    "split_fences",
]

# What is searched for is bounded, so that a hostile answer costs linear time: longer code, titles or formulas are text.
_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})([^\n]*)$")
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^\n]{0,400}?[^`\n])\1(?!`)")
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\([ \t]{0,4}<?([^\s<>()]*)>?(?:[ \t][^()\n]{0,400})?\)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]*)>")
_OTHER_LINK = re.compile(r"\]\((?!\s*(?:https?://|mailto:))", re.IGNORECASE)
_MATH = re.compile(r"\$\$[^$]+\$\$|\$(?!\s)[^$\n]+?(?<!\s)\$(?!\d)|\\\(.{1,400}?\\\)|\\\[.{1,400}?\\\]", re.DOTALL)
_ACTIVE_IN_CODE = re.compile(r"<|\]\(|\]\[|\]:|!\[")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its language ("" for none), its code without the fence's indentation, how wide that was, and whether
    the block was closed."""

    language: str
    code: str
    indent: int = 0
    closed: bool = True


def safe_markdown(text: str) -> str:
    """Return Markdown that reads the same and holds no raw HTML, no script link and no image."""
    return "\n".join(
        _prose(piece) if isinstance(piece, str) else fenced(piece.code, piece.language) for piece in split_fences(text)
    )


def split_fences(text: str) -> Iterator[str | Fence]:
    """Yield a text's prose and its fenced blocks, in order."""
    prose: list[str] = []
    lines = iter(clean_text(text).split("\n"))
    for line in lines:
        fence = _FENCE.match(line)
        if fence is None or (fence[2][0] == "`" and "`" in fence[3]):
            prose.append(line)
            continue
        if prose:
            yield "\n".join(prose)
            prose = []
        code = []
        closed = False
        for inner in lines:
            stripped = inner.strip()
            if len(stripped) >= len(fence[2]) and set(stripped) == {fence[2][0]}:
                closed = True
                break
            code.append(_dedent(inner, len(fence[1])))
        language = _LANGUAGE.match(fence[3].strip())
        yield Fence(language[0] if language else "", "\n".join(code), len(fence[1]), closed)
    if prose:
        yield "\n".join(prose)


def clean_text(text: str) -> str:
    """Return the text with one kind of line ending, without NUL and without halves of characters."""
    return _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd"))


def fenced(code: str, language: str = "") -> str:
    """Return a fenced block that nothing in `code` can end."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def file_language(name: str) -> str:
    """Return what a fence says of a file with this name: its ending, which is what most languages are called by."""
    ending = name.rpartition(".")[2] if "." in name else ""
    return ending if _LANGUAGE.fullmatch(ending) else ""


def escape_text(text: str) -> str:
    """Return text on one line that Markdown shows as it is."""
    line = " ".join(_SURROGATE.sub("\ufffd", text).split())
    return re.sub(r"[\\`*_{}\[\]()<>#!|~$&]", lambda sign: f"&#{ord(sign[0])};", line)


def image_text(url: str, alt: str) -> str:
    """Return what stands for an image: its description and the host it would have been fetched from."""
    return f"(image: {escape_text(alt) or 'image'}, {escape_text(image_host(url))})"


def image_host(url: str) -> str:
    """Return the host that an image would be fetched from, or what stands for it."""
    try:
        return urlsplit(url).hostname or ("embedded" if url.lower().startswith("data:") else "not shown")
    except ValueError:
        return "not shown"


def _dedent(line: str, width: int) -> str:
    return line[min(width, len(line) - len(line.lstrip(" \t"))) :]


def _prose(text: str) -> str:
    out, last = [], 0
    for match in _CODE.finditer(text):
        if _escaped(text, match.start()):
            continue
        out.append(_plain(text[last : match.start()]))
        out.append(_inline_code(match[0], match[2]))
        last = match.end()
    out.append(_plain(text[last:]))
    return "".join(out)


def _escaped(text: str, position: int) -> bool:
    """Whether an odd number of backslashes stands before: the first backtick then opens nothing."""
    start = position
    while start > 0 and text[start - 1] == "\\":
        start -= 1
    return (position - start) % 2 == 1


def _inline_code(whole: str, code: str) -> str:
    if not _ACTIVE_IN_CODE.search(code):
        return whole
    shown = "".join(sign if sign.isalnum() or sign == " " or ord(sign) > 127 else f"&#{ord(sign)};" for sign in code)
    return f"<code>{shown}</code>"


def _plain(text: str) -> str:
    text = _IMAGE.sub(lambda match: image_text(match[2], match[1]), text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _OTHER_LINK.sub("]&#40;", text)
    text = text.replace("![", "&#33;[").replace("]:", "]&#58;").replace("\\href{", "\\text{")
    # In mathematics an entity would be an alignment sign; \\lt is the same relation.
    text = _MATH.sub(lambda match: match[0].replace("<", r"\lt "), text)
    return text.replace("\\<", "<").replace("<", "&lt;")
