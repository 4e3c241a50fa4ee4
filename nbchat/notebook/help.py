"""Help: what `%chat?` and `%nbchat?` say, and what each command of %nbchat is for.

Owns the texts alone: it is loaded with the magics, which load little. What the commands do is `manage`'s matter, what the options
mean `options`'.
"""

from __future__ import annotations

from nbchat.notebook.options import HELP

__all__ = ["CHAT", "NBCHAT", "USAGES", "listing"]

USAGES = {
    "sessions": ("sessions [text]", "saved conversations, the newest first"),
    "search": ("search words", "messages that contain these words, the newest first"),
    "rename": ("rename old new", "give a conversation another name"),
    "archive": ("archive name", "leave a conversation out of listings"),
    "delete": ("delete name", "remove a conversation; its costs stay in the ledger"),
    "export": ("export file [name]", "write a conversation to a .md, .html, .json or .ipynb file"),
    "load": ("load file", "bring a conversation back from a .json or .ipynb file"),
    "resume": ("resume [name]", "go on with an answer that was cut off"),
    "stop": ("stop [name | --all]", "stop this notebook's conversation (or that one, or all that this kernel asked)"),
    "fix": ("fix [words]", "ask for the corrected cell after an error; sends its source and traceback"),
    "explain": ("explain [words]", "ask what the last error means"),
    "code": ("code [n] [--print]", "put the last (or n-th) code block of the answer into a new cell"),
    "models": ("models [provider | *] [words]", "what the active (or that, or every) provider offers; asks it"),
    "providers": ("providers", "configured endpoints and the places of their keys"),
    "cost": (
        "cost [by] [--since day] [--csv file]",
        "tokens and money by session, conversation, model, provider, notebook, day or purpose",
    ),
    "doctor": ("doctor [provider] [--offline]", "what works here; asks the active (or that) model one thing"),
    "config": ("config", "what is set, and how to change it"),
}
"""Usage and purpose of each command: first conversations, then answers, then models and money."""


def listing() -> str:
    """Return a line for each command."""
    width = max(len(usage) for usage, _ in USAGES.values())
    return "\n".join(f"%nbchat {usage:<{width}}  {what}" for usage, what in USAGES.values())


CHAT = f"""Ask the language model; the answer streams into a live view below the cell.

    %chat [options] question        or        %%chat [options]
                                              a question of many lines

    %chat what is a monad?
    %chat -m lab/tiny --temperature 0 why is @df not sorted?
    answer = %chat --wait Summarise @In[3] in one sentence.

The question goes out as written: no $x, no {{x}}. What a name in it stands for (@df, @In[3], @Out[3], @cell, @error) goes along
with it; \\@df, and what stands between backticks, is text. `%chat` alone shows the notebook's whole conversation.

A cell that runs again asks anew, in the place of what it asked before. After a restart its first run shows the answer that it
has, free, if nothing changed (c.NbChat.rerun).

Options, before the question:
{HELP}

`%nbchat?` lists what looks after conversations, models and money; `%nbchat config` what is set.
"""

NBCHAT = f"""Look after conversations, models and money.

{listing()}

A name with blanks stands in quotes; without one the notebook's own conversation is meant. `%chat?` says how to ask.
"""
