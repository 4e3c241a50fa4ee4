"""Conversations as files and as a cell's saved transcript. Knows values only: no storage, no widget, no network."""

from nbchat.export.json_file import from_json, to_json
from nbchat.export.markdown import to_markdown
from nbchat.export.transcript import thread_markdown, turn_markdown

__all__ = ["from_json", "thread_markdown", "to_json", "to_markdown", "turn_markdown"]
