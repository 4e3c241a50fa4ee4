"""Where a continuation meets the partial: no seam, no repetition, and nothing lost that was meant."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbchat.core.seam import CONTINUE_PROMPT, HOLD, Seam

CODE = "Here it is:\n\n```python\nfor i in range(3):\n    total = total + i\n    print(tot"
STORY = "It was late. The quick brown fox jumps over the la"
LINES = "First we load the data.\nThen we clean it.\nThen we fit a line.\n"


def joined(partial: str, continuation: str, *, prefilled: bool = False, size: int | None = None) -> str:
    """The whole answer, the continuation fed in pieces of `size` characters (None: at once)."""
    seam = Seam(partial, prefilled=prefilled)
    size = size or len(continuation) or 1
    pieces = [continuation[at : at + size] for at in range(0, len(continuation), size)]
    return partial + "".join([*map(seam.feed, pieces), seam.end()])


REPEATED = [
    # the cut word, gone on with or begun again
    ("Hel", "lo", "Hello"),
    ("Hel", "Hello", "Hello"),
    ("Say Hel", "Hello there", "Say Hello there"),
    ("the quick", "quick brown fox", "the quick brown fox"),
    ("total_su", "total_sum = 1", "total_sum = 1"),
    ("# Head", "# Heading", "# Heading"),
    # blanks: those of the model, and no others
    ("in the", " cat", "in the cat"),
    ("in the ", "cat", "in the cat"),
    ("in the ", " cat", "in the cat"),
    ("in the", "cat", "in thecat"),
    ("in the", "\n\ncat", "in the\n\ncat"),
    ("A list:\n", "- one", "A list:\n- one"),
    ("A list:", "\n- one", "A list:\n- one"),
    ("One.\n\n", "\nTwo.", "One.\n\nTwo."),
    ("One.\n\n", "\n\nTwo.", "One.\n\nTwo."),
    ("One.\n", "\nTwo.", "One.\n\nTwo."),
    ("```py\nif a:\n\n", "\n    b", "```py\nif a:\n\n\n    b"),
    ("```py\na = ", " 1", "```py\na =  1"),
    ("", "  Hello", "  Hello"),
    ("  \n", "Hello", "  \nHello"),
    ("Hello", "", "Hello"),
    ("Hello", " \n", "Hello \n"),
    # the end again: some words, the sentence, several lines
    (STORY, "over the lazy dog.", "It was late. The quick brown fox jumps over the lazy dog."),
    (STORY, "The quick brown fox jumps over the lazy dog.", "It was late. The quick brown fox jumps over the lazy dog."),
    (STORY, "\nThe quick brown fox jumps over the lazy dog.", "It was late. The quick brown fox jumps over the lazy dog."),
    ("It was late and cold. ", "It was late and cold. So", "It was late and cold. So"),
    ("He said that it was late.", "He said that it was late. So", "He said that it was late. So"),
    ("He said that it was late.\n\n", "he said", "He said that it was late.\n\nhe said"),
    ("He said that it was late.\n\n", "He said that it was late.\nSo", "He said that it was late.\n\nSo"),
    ("He said that it was late.\n", "He said that it was late. So", "He said that it was late.\nSo"),
    (LINES, "Then we clean it.\nThen we fit a line.\nThen we plot.", LINES + "Then we plot."),
    (CODE, "total)", CODE + "al)"),
    (CODE, "    print(total)", CODE + "al)"),
    (CODE, "print(total)", CODE + "al)"),
    (CODE, "    total = total + i\n    print(total)\n```", CODE + "al)\n```"),
    ("```py\n    return foo(", "    return foo(x)", "```py\n    return foo(x)"),
    ("```py\nif a:\n    b\n    e", "    else:", "```py\nif a:\n    b\n    else:"),
    ("```python\nx = alpha(beta)\n", "```python\nx = alpha(beta)\ny = 2", "```python\nx = alpha(beta)\nx = alpha(beta)\ny = 2"),
    # the whole partial again
    ("Sure!", "Sure! Here", "Sure! Here"),
    ("\nHello there, ", "Hello there, you", "\nHello there, you"),
    (CODE, CODE + "al)", CODE + "al)"),
    (CODE * 50, CODE * 50 + "al)", CODE * 50 + "al)"),
    ("- first thing\n- second thing\n", "- first thing\n- second thing\n- third", "- first thing\n- second thing\n- third"),
    # the block opened again
    ("```python\nx = 1\n", "```python\ny = 2\n```", "```python\nx = 1\ny = 2\n```"),
    ("```python\nx = ", "```python\n1\n```", "```python\nx = 1\n```"),
    ("```python\nif x:\n", "\n```python  \n    y = 2\n", "```python\nif x:\n    y = 2\n"),
    (CODE, "```python\n    print(total)\n```", CODE + "al)\n```"),
    ("So:\n```py", "```python\nx", "So:\n```python\nx"),
    ("So:\n```py", "thon\nx", "So:\n```python\nx"),
    ("So:\n```", "```python\nx", "So:\n```python\nx"),
    ("~~~r\nx <- 1\n", "~~~r\ny <- 2", "~~~r\nx <- 1\ny <- 2"),
    # scripts without blanks
    ("机器学习是人工智能的一个重要分支", "人工智能的一个重要分支、它", "机器学习是人工智能的一个重要分支、它"),
]
MEANT = [
    ("    }\n}\n", "}\n"),
    ("}\n", "}\n}\n"),
    ("1, 1", ", 1, 1"),
    ("1, 1, ", "1, 1, 1"),
    ("0.1", "10"),
    ("ha ha ", "ha ha ha"),
    ("ha", "haha"),
    ("bla bla bla ", "bla bla bla"),
    ("So very very very very ", "very very very very late"),
    ("GATTACA: AAAA", "AAAAT"),
    ("no no no no no no ", "no no no no no no no"),
    ("| a | b |\n|---|---|\n| yes | none |\n", "| yes | none |\n| no | none |\n"),
    ("| a | b |\n|---|---|\n| yes | none |", "\n| yes | none |\n"),
    ("- not available\n", "- not available\n- here\n"),
    ("```python\nmodel.train_step(x)\n", "model.train_step(x)\nmodel.train_step(x)\n"),
    ("```python\nx = halve(x)\nprint(x)\n", "x = halve(x)\nprint(x)\n"),
    ("```\nmodel.train_step(x)\n", "```\nDone."),
    ("```python\nmodel.train_step(x)\n", "```\nDone."),
    ("````markdown\nWrite\n", "```python\nx\n```\n````"),
    ("```markdown\nWrite\n", "```python\nx\n```"),
    ('[{"n": 0.00}, ', '{"n": 0.00}, {"n": 0.00}]'),
    ('```py\nx = ["ok", "wrong", ', '"ok", "wrong", 3]'),
    ("```py\nf(st.text(size=2), ", "st.text(size=2), 3)"),
    ("```\n  a", "  a  a"),
    ("It was late, and cold. It was late, and cold. ", "It was late, and cold. Ha"),
    ("time 1.00 2.00 3.00\ntime 1.50 2.50 4.50\n", "time 1.00 2.00 3.00\ntime 1.50 2.50 4.50\n"),
    ("```py\njob = house.jobs.make_job\n", "house.jobs.make_job = refuse"),
    ("Monday,Berlin,fair\n", "Monday,Berlin,fair\n"),
    ("prove the", " theorem"),
    ("re", "read"),
    ("It ends here", "Sure, continuing: and so on"),
    ("It is 5 o'clock. ", "It ends."),
    ("研究", "研究生"),
    ("Done.\n", "Done.\nDone.\n"),
]


@pytest.mark.parametrize(("partial", "continuation", "expected"), REPEATED)
def test_what_comes_again_is_dropped(partial: str, continuation: str, expected: str) -> None:
    """The joined text reads as if it had been written at once."""
    assert joined(partial, continuation) == expected


@pytest.mark.parametrize(("partial", "continuation"), MEANT)
def test_what_is_meant_stays(partial: str, continuation: str) -> None:
    """Text that repeats rightly, and text that repeats nothing, come through whole."""
    assert joined(partial, continuation) == partial + continuation


@pytest.mark.parametrize(
    ("partial", "continuation", "expected"),
    [
        ("in the ", " cat", "in the cat"),
        ("in the ", "cat", "in the cat"),
        ("in the", " cat", "in the cat"),
        ("One.\n", "\n\nTwo.", "One.\n\nTwo."),
        ("One.\n\n", "\nTwo.", "One.\n\nTwo."),
        ("One.\n\n", "\n\nTwo.", "One.\n\nTwo."),
        ("One:\n", " two", "One:\ntwo"),
        ("if a:\n  ", "\n    b", "if a:\n    b"),
        ("Hel", "Hello", "Hello"),
        ("The answer is", "The answer is 42", "The answer is 42"),
        ("The answer is ", "The answer is 42", "The answer is 42"),
        ("The answer is\n", "The answer is\n\n42", "The answer is\n\n42"),
        (CODE, CODE + "al)", CODE + "al)"),
        (STORY, "over the lazy dog.", STORY + "over the lazy dog."),
        ("```python\nx\n", "```python\ny", "```python\nx\n```python\ny"),
        ("ha ", "ha ha", "ha ha ha"),
    ],
)
def test_a_prefilled_partial(partial: str, continuation: str, expected: str) -> None:
    """A provider that goes on with the partial itself repeats at most the whitespace that it was not sent, or all of it."""
    assert joined(partial, continuation, prefilled=True) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(("partial", "continuation"), [row[:2] for row in REPEATED] + MEANT)
def test_every_row_in_pieces(partial: str, continuation: str, size: int) -> None:
    """How a provider divides what it sends changes nothing."""
    for prefilled in (False, True):
        assert joined(partial, continuation, prefilled=prefilled, size=size) == joined(partial, continuation, prefilled=prefilled)


WORDS = st.sampled_from([
    "the ", "the", "Hel", "Hello", " ", "\n", "\n\n", "    ", "```", "```python\n", "\n```\n", "x = alpha(beta)\n", "}\n",
    "The quick brown fox. ", "It was late and cold", "| a | b |\n", "- one thing\n", "1, ", "研究人工智能", "~~~", ".", "\r\n",
])  # fmt: skip
texts = st.lists(WORDS, max_size=10).map("".join)


@st.composite
def continuations(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A partial, and pieces of a continuation that may repeat a part of it."""
    partial = draw(texts)
    again = partial[draw(st.integers(0, len(partial))) :] if draw(st.booleans()) else ""
    text = draw(st.sampled_from(["", "\n", " "])) + again + draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return partial, [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@settings(max_examples=1500, deadline=None)
@given(continuations(), st.booleans())
def test_any_division_gives_the_same(case: tuple[str, list[str]], prefilled: bool) -> None:
    """What is shown is an end of the continuation, the same for every division, and is held back no more than promised."""
    partial, pieces = case
    whole = "".join(pieces)
    seam = Seam(partial, prefilled=prefilled)
    shown = fed = ""
    for piece in pieces:
        shown += seam.feed(piece)
        fed += piece
        # what is not shown was dropped, is held back within the bound, or repeats the partial from its beginning
        assert len(fed) - len(shown) <= HOLD or partial.strip().startswith(fed.strip()[:HOLD])
    shown += seam.end()
    assert whole.endswith(shown)
    assert partial + shown == joined(partial, whole, prefilled=prefilled)
    dropped = whole[: len(whole) - len(shown)].strip()
    for line in dropped.split("\n"):
        assert line.strip() in partial


@settings(max_examples=500)
@given(st.text("abcdefgh .,:`#|-\n", max_size=80), st.text("mnopqrst .,:#|-\n", max_size=80), st.booleans())
def test_nothing_new_is_lost(partial: str, continuation: str, prefilled: bool) -> None:
    """A continuation that has no letter of the partial keeps every sign but whitespace."""
    shown = joined(partial, continuation, prefilled=prefilled)[len(partial) :]
    assert continuation.endswith(shown)
    assert not continuation[: len(continuation) - len(shown)].strip()
    if partial.rstrip() == partial:
        assert shown == continuation


def test_what_repeats_nothing_is_shown_at_once() -> None:
    """Text is held back only while a repetition is still possible."""
    seam = Seam(STORY, prefilled=False)
    assert [seam.feed(piece) for piece in ("zy dog", " and", " the")] == ["zy dog", " and", " the"]
    seam = Seam(STORY, prefilled=False)
    assert [seam.feed(piece) for piece in ("over ", "the hill", " and")] == ["", "over the hill", " and"]
    assert seam.end() == ""


@pytest.mark.parametrize(("count", "dropped"), [(10, True), (40, True), (50, False), (200, False)])
def test_the_bound(count: int, dropped: bool) -> None:
    """A repetition of the end is held back and dropped up to some 370 characters; a longer one is let through, not lost."""
    words = [f"word{n}" for n in range(400)]
    seam = Seam("Begin. " + " ".join(words), prefilled=False)
    again = " ".join(words[-count:])
    held, most, shown = 0, 0, ""
    for sign in again + " and on":
        shown += (now := seam.feed(sign))
        held = 0 if now else held + 1
        most = max(most, held)
    assert most <= HOLD
    assert shown + seam.end() == (" and on" if dropped else again + " and on")


def test_an_echo_that_ends_midway() -> None:
    """A model that begins the answer anew and then leaves it loses nothing, however far the echo went."""
    partial = " ".join(f"word{n}" for n in range(1000))
    again = partial[:3000] + "X and something else"
    assert joined(partial, again) == joined(partial, again, size=3) == partial + again
    assert joined(partial, partial[:3000]) == partial + partial[:3000]


@pytest.mark.parametrize("partial", ["a" * 1_000_000, "word " * 200_000, "```\n" * 250_000, " " * 1_000_000, "abc\n\n" * 200_000])
def test_long_partials_are_quick(partial: str) -> None:
    """A megabyte that is made to be slow, and an echo of it letter by letter, take a moment."""
    began = time.process_time()
    for text in (partial[:20_000], " " * 1000, "x" * 1000, "```" * 500):
        joined(partial, text, size=1)
    joined(partial, partial, size=4000)
    assert time.process_time() - began < 3.0


def test_the_prompt() -> None:
    """It is one paragraph, for a person may read it in a log."""
    assert "\n" not in CONTINUE_PROMPT
    assert len(CONTINUE_PROMPT) < 600
