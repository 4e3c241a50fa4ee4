"""What went wrong upstream, rows G11 and G12, and L18 on its way in: what is sent again, what an error is called, what counts."""

from __future__ import annotations

from nbchat.core.events import Retry
from nbchat.testing import Reply
from tests.support.clock import ManualClock
from tests.support.house import House, answer, eventually, live


def test_g11_there_is_one_retry_layer() -> None:
    """Four requests at most, with waits that grow; and a wait that the server asks for is kept to, not cut."""
    clock = ManualClock()

    async def test(house: House) -> None:
        session = await house.session()
        turn = session.submit("hi")
        waits = []
        for attempt in (2, 3, 4):
            await eventually(lambda attempt=attempt: session.state.retry is not None and session.state.retry.attempt == attempt)
            assert session.state.retry is not None
            waits.append(session.state.retry.delay)
            await clock.advance(waits[-1])
        message = await answer(turn)
        assert message.error is not None
        assert (message.status, message.error.kind) == ("error", "server")
        assert 0.8 <= waits[0] <= 1.2
        assert waits[1] == 90.0
        assert 3.2 <= waits[2] <= 4.8
        assert len(await house.store.records(session.id)) == 1
        entries = await house.ports.log.read(turn.id, turn.generation, 0) or []
        assert [e.delay for entry in entries for e in entry.events if isinstance(e, Retry)] == waits

    slow = Reply.error(503, headers={"retry-after": "90"})
    assert len(live(test, Reply.error(503), slow, Reply.error(503), Reply.error(503), clock=clock).chats) == 4


def test_g12_words_do_not_make_a_rate_limit() -> None:
    """What is said of limits is no code: a bad request is one, and is not sent again."""
    words = "cannot generate within the limit: rate limit, quota, too many requests, 429"

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.error is not None
        assert message.error.kind == "invalid"
        assert words in message.error.text

    assert len(live(test, Reply.error(400, words), clock=ManualClock()).chats) == 1


def test_g12_an_empty_account_is_not_asked_again() -> None:
    """A 429 whose code is insufficient_quota is a bill to pay, which no waiting pays."""

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.error is not None
        assert (message.error.kind, "credit" in message.error.hint) == ("billing", True)

    assert len(live(test, Reply.error(429, "You exceeded your quota", code="insufficient_quota"), clock=ManualClock()).chats) == 1


def test_l18_the_last_count_that_is_not_zero_holds() -> None:
    """Null and zeros on each chunk, before a count and after it, erase nothing; a later count replaces, and is never added."""
    zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    counts = [None, zero, {"prompt_tokens": 9, "completion_tokens": 1}, {"prompt_tokens": 9, "completion_tokens": 2}]
    late = [zero, {**zero, "total_time": 0.25}, None]
    chunks: list[object] = [{"choices": [{"index": 0, "delta": {"content": "a"}}], "usage": usage} for usage in counts]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage} for usage in late]

    async def test(house: House) -> None:
        session = await house.session()
        message = await answer(session.submit("hi"))
        assert message.usage is not None
        assert (message.usage.input_tokens, message.usage.output_tokens) == (9, 2)
        assert message.usage.certainty == "reported"
        assert (await house.store.records(session.id))[0].usage == message.usage

    live(test, Reply.events([*chunks, "[DONE]"]))
