"""A conversation as one HTML file: to read, to send and to print. No script, nothing fetched, light and dark.

What models wrote is hostile: it goes through `html_markdown`, everything else is escaped here, and a policy in the page forbids
scripts, frames, forms and every request, in case something was overlooked.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Iterator, Mapping

from nbchat.core.conversations import Conversation
from nbchat.core.messages import FilePart, ImagePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from nbchat.export.facts import Branches, call_names, facts, heading, result_label, trouble
from nbchat.export.html_markdown import code_html, html_markdown
from nbchat.export.html_style import STYLE
from nbchat.export.safe_markdown import clean_text, file_language, image_host

__all__ = ["to_html"]

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; form-action 'none'"
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")


def to_html(conversation: Conversation, path: Iterable[Message], messages: Iterable[Message] = ()) -> str:
    """Return the messages of `path`, in the order given, as a page. `messages` are all of the conversation: with them it says
    which versions there are. Pictures that a message contains are in the page; others are text that names their host."""
    path = tuple(path)
    branches = Branches.of(conversation, path, messages)
    title = _text(conversation.title or conversation.name)
    body = "\n".join((*_beginning(conversation, title, branches), *(_message(message, branches) for message in path)))
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _beginning(conversation: Conversation, title: str, branches: Branches) -> Iterator[str]:
    yield f'<h1 dir="auto">{title}</h1>'
    if branches.note:
        yield f'<p class="note">{_text(branches.note)}</p>'
    if conversation.system:
        yield _folded("System prompt", html_markdown(conversation.system))


def _message(message: Message, branches: Branches) -> str:
    speaker, notes = heading(message, branches)
    names = call_names(message)
    small = f" <small>{_text(' · '.join(notes))}</small>" if notes else ""
    kind = f"{message.role} hidden" if message.hidden else message.role
    blocks = [f'<article class="{kind}">', f"<h2>{speaker}{small}</h2>", '<div class="body" dir="auto">']
    blocks.extend(_part(part, names) for part in message.parts)
    if message.error is not None:
        blocks.append(f'<p class="error">{_text(trouble(message))}</p>')
    blocks.append("</div>")
    said = facts(message) if message.role == "assistant" else []
    if said:
        blocks.append(f"<footer>{_text(' · '.join(said))}</footer>")
    return "\n".join((*blocks, "</article>"))


def _part(part: Part, names: Mapping[str, str]) -> str:
    if isinstance(part, TextPart):
        return html_markdown(part.text)
    if isinstance(part, ReasoningPart):
        took = "" if part.seconds is None else f" ({part.seconds:.0f} s)"
        return _folded(f"Reasoning{took}", html_markdown(part.text))
    if isinstance(part, ToolCallPart):
        return _folded(f"Calls {part.name}", code_html(part.arguments, "json"))
    if isinstance(part, ToolResultPart):
        return _folded(result_label(part, names), code_html(part.text))
    if isinstance(part, FilePart):
        return _folded(f"File {part.name}", code_html(part.text, file_language(part.name)))
    assert isinstance(part, ImagePart)
    alt = _text(part.alt)
    if _PICTURE.fullmatch(part.url):
        return f'<p><img src="{part.url}" alt="{alt}"></p>'
    return f"<p>(image: {alt or 'image'}, {_text(image_host(part.url))})</p>"


def _folded(label: str, body: str) -> str:
    return f"<details>\n<summary>{_text(label)}</summary>\n{body}</details>"


def _text(text: str) -> str:
    return html.escape(" ".join(clean_text(text).split()))
