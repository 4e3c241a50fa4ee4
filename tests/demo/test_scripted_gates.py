"""Gates and delays: a reply leaves token by token as the test says, and a client that leaves is noticed."""

from __future__ import annotations

import threading

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.demo.openai_reader import QUESTION, chunks, client, text_of


def test_a_gate_lets_out_exactly_the_tokens_it_is_told_to() -> None:
    """After release(n) n tokens have left and the answer runs; one more permit ends it. No time passes by itself."""
    gate = Gate()
    with ScriptedServer(Reply.text("one two three", gate=gate)) as server, client(server) as reader:
        with reader.chat.completions.create(model="m", messages=QUESTION, stream=True) as stream:
            assert next(stream).choices[0].delta.role == "assistant"
            for number, token in enumerate(["one", " two", " three"], 1):
                gate.wait_reached(number)
                gate.release()
                assert next(stream).choices[0].delta.content == token
            gate.wait_reached(4)
            assert server.open_streams == 1
            gate.release()
            assert [chunk.choices[0].finish_reason for chunk in stream if chunk.choices] == ["stop"]
        server.wait_idle()
        assert server.closed == ()


def test_a_whole_completion_comes_when_its_last_token_would_have() -> None:
    """Without a stream the gate holds the one object back: one permit for each token, and one for the ending."""
    gate = Gate()
    with ScriptedServer(Reply.text("one two", gate=gate)) as server, client(server) as reader:
        found: list[str | None] = []

        def ask_whole() -> None:
            answer = reader.chat.completions.create(model="m", messages=QUESTION)
            found.append(answer.choices[0].message.content)

        thread = threading.Thread(target=ask_whole)
        thread.start()
        gate.release(2)
        gate.wait_reached(3)
        assert found == []
        gate.release()
        thread.join(10)
        assert found == ["one two"]


def test_a_delay_is_a_pause_before_each_token() -> None:
    """And before nothing else."""
    request = Request(1, "POST", "/v1/chat/completions", {}, b'{"model": "m", "stream": true}')
    steps = list(Reply.text("one two", delay=0.5).make(request).wire())
    assert [isinstance(step, float) for step in steps] == [False, True, False, True, False, False, False, False, False]
    assert steps[1] == 0.5


def test_a_client_that_leaves_is_noticed_at_once_and_by_name() -> None:
    """Closing the socket in mid-answer is an event with its request and its time; an answer read to its end is none."""
    gate = Gate()
    with ScriptedServer([Reply.text("x"), Reply.text("y z", gate=gate)]) as server, client(server) as reader:
        chunks(reader)
        stream = reader.chat.completions.create(model="m", messages=QUESTION, stream=True)
        gate.wait_reached(1)
        stream.close()
        [closed] = server.wait_closed()
        assert closed.request is server.chats[1]
        assert closed.time >= closed.request.time
        server.wait_idle()


def test_a_reply_can_be_held_back_header_and_all() -> None:
    """`after` is a provider that takes its time before the first byte."""
    gate = Gate()
    with ScriptedServer(Reply.text("late").after(gate), api_key=None) as server, client(server) as reader:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(text_of(chunks(reader))))
        thread.start()
        gate.wait_reached(1)
        assert found == []
        gate.open()
        thread.join(10)
        assert found == ["late"]
