"""The question reaches the magic byte for byte, whatever IPython would make of its characters; through `run_cell`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import no_var_expand

from nbchat.notebook.magics import register, unregister
from nbchat.notebook.transform import chat_cell, chat_lines
from tests.support.prompts import LINES, PROMPTS


class Heard:
    """A shell whose %chat notes what it is given."""

    def __init__(self) -> None:
        self.shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
        self.lines: list[tuple[str, str | None]] = []
        chat: Any = lambda line, cell=None: self._chat(line, cell)  # noqa: E731 - a method takes no attribute
        self.shell.register_magic_function(no_var_expand(chat), "line_cell", "chat")
        self.shell.input_transformers_cleanup[:0] = [chat_cell, chat_lines]

    def _chat(self, line: str, cell: str | None = None) -> str:
        self.lines.append((line, cell))
        return f"answer {len(self.lines)}"

    def run(self, source: str) -> list[tuple[str, str | None]]:
        """Run a cell; returns what %chat heard."""
        self.lines.clear()
        self.shell.run_cell(source).raise_error()
        return list(self.lines)


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    made = Heard()
    yield made
    made.shell.history_manager.end_session()


@pytest.mark.parametrize("question", LINES.values(), ids=LINES)
def test_a_line_arrives_as_written(heard: Heard, question: str) -> None:
    """Help marks, backslashes, quotes, braces, dollars, odd line separators."""
    assert heard.run(f"%chat {question}") == [(question, None)]
    assert heard.run(f"x = 1\n%chat {question}\ny = 2\n") == [(question, None)]
    assert heard.run(f"if True:\n    %chat {question}\n") == [(question, None)]


@pytest.mark.parametrize("question", PROMPTS.values(), ids=PROMPTS)
def test_a_cell_arrives_as_written(heard: Heard, question: str) -> None:
    """The body without the one line feed that IPython adds; prompts and indentation stay."""
    assert heard.run(f"%%chat\n{question}\n") == [("", question)]
    assert heard.run(f"\n\n%%chat -m lab/tiny\n{question}\n") == [("-m lab/tiny", question)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1))
@example("\\")
@example("'\"?")
def test_any_line_arrives_as_written(heard: Heard, question: str) -> None:
    """Whatever can be typed on a line."""
    assert heard.run(f"%chat {question}") == [(question, None)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1))
def test_any_cell_arrives_as_written(heard: Heard, question: str) -> None:
    """Whatever can be typed in a cell; line feeds at its end but the last one included."""
    assert heard.run(f"%%chat\n{question}\n") == [("", question)]


def test_an_empty_cell_reaches_the_magic_too(heard: Heard) -> None:
    """Which says what is missing, or takes the question from the first line."""
    assert heard.run("%%chat why?") == [("why?", "\n")]
    assert heard.run("%%chat\n") == [("", "\n")]


def test_an_answer_can_be_assigned(heard: Heard) -> None:
    """`m = %chat --wait ...` is Python's own assignment, with the question untouched."""
    assert heard.run('m = %chat --wait what "is" this?') == [('--wait what "is" this?', None)]
    assert heard.shell.user_ns["m"] == "answer 1"
    heard.run("d = {}\nd['k'] = %chat why?")
    assert heard.shell.user_ns["d"] == {"k": "answer 1"}


def test_several_lines_and_python_between(heard: Heard) -> None:
    """A cell may ask twice and compute in between."""
    source = "%chat one?\ntotal = sum([\n    1,\n    2,\n])\n%chat two \\\nassert total == 3\n%chat three"
    assert [line for line, _ in heard.run(source)] == ["one?", "two \\", "three"]


@pytest.mark.parametrize(
    "source",
    [
        'x = """\n%chat not me?\n"""',
        "x = '''a\n%chat not me\n''' + 'b'",
        "chat = 3\nz = [\n8\n%chat\n]",
        "# %chat not me",
        "x = '%chat not me'",
    ],
)
def test_text_that_is_no_statement_stays(heard: Heard, source: str) -> None:
    """Strings, brackets and comments are Python's."""
    assert heard.run(source) == []


def test_strings_keep_what_looks_like_a_magic(heard: Heard) -> None:
    """Byte for byte in the other direction too."""
    heard.run('x = """\n%chat not me?\n"""')
    assert heard.shell.user_ns["x"] == "\n%chat not me?\n"


@pytest.mark.parametrize(
    "source", ["%%capture out\n%chat hi?\n", "%%chatter\nx", "%chat?", "%%chat?", "?%chat", "%chatty x", "x = 1\n"]
)
def test_what_is_not_ours_stays(source: str) -> None:
    """`%%` cells of others and calls for help are left to IPython."""
    lines = source.splitlines(keepends=True)
    assert chat_cell(list(lines)) == lines
    assert chat_lines(list(lines)) == lines


def test_an_unclosed_shell_quote_before_does_not_hide_the_question(heard: Heard) -> None:
    """A shell line is no Python: its quotes open no string."""
    assert heard.run("!true it's\n%chat hi?") == [("hi?", None)]


def test_a_terminal_goes_on_asking_for_lines_of_a_cell(heard: Heard) -> None:
    """%%chat in a terminal ends with an empty line, not with the first one."""
    assert heard.shell.check_complete("%%chat")[0] == "incomplete"


def test_registering_twice_and_taking_away_leaves_nothing_double() -> None:
    """`%reload_ext` and `%unload_ext`: one %chat, and then none."""
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    before = list(shell.input_transformers_cleanup)
    for _ in range(2):
        register(shell, lambda: pytest.fail("registering needs no services"))
    assert [type(each).__name__ for each in shell.configurables].count("NbChat") == 1
    assert shell.input_transformers_cleanup == [chat_cell, chat_lines, *before]
    unregister(shell)
    assert shell.input_transformers_cleanup == before
    assert "NbChat" not in {type(each).__name__ for each in shell.configurables}
    assert (shell.find_line_magic("chat"), shell.find_cell_magic("chat")) == (None, None)
