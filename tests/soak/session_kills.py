"""kill -9 while sessions stream: through the whole house, from the provider's socket to the database.

`python -m tests.soak.session_kills [--samples 200] [--seed N]` runs the full number; the tests run a seeded sample.

A child process asks one question after the other through nbchat's own app; the model server lives in this process, which so
knows when it sent each token. Some answers call a tool half way, others end there for their length and are resumed. The child is
killed at a random moment, and a new manager opens what it left: what was acknowledged is there once, every partial is an exact
prefix and at most 500 ms behind what the server had sent, every cut answer says so, `resume` brings each answer to its whole
text, and the next question works.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbchat.core.messages import Message, ToolCallPart
from nbchat.core.requests import RequestRecord
from nbchat.sessions.session import Session
from tests.soak.command import attack
from tests.soak.kills import whole_lines
from tests.support.house import answer, house
from tests.support.numbered import NumberedServer, asking, tokens_of, whole

ROOT = Path(__file__).parents[2]
NAME = "session-kills"
BEHIND = 0.5
"""Seconds of what the server sent that a kill may cost (P2)."""


# ---------------------------------------------------------------- the child


def look() -> str:
    """Look it up."""
    threading.Event().wait(0.05)
    return "nothing new"


def ask_for_ever(base_url: str, api_key: str, seed: int) -> None:
    """Ask one question after the other, often with another one waiting, saying what was acknowledged."""
    import nbchat
    from nbchat.app import app
    from nbchat.sessions.state import Signal

    def say(signal: Signal) -> None:
        if signal.turn is not None and signal.name in ("turn-started", "turn-ended"):
            number, resumed = signal.turn.text[1:].partition(":")[0], "+" if signal.turn.kind == "resume" else ""
            print(signal.name, f"r{number}{resumed}", flush=True)

    nbchat.add_provider("lab", base_url=base_url, api_key=api_key)
    nbchat.settings.model = "lab/tiny"
    session = nbchat.session(NAME)
    app().manager.listen(say)
    print("ready", flush=True)
    session.tools = [look]
    session.allow("look")
    chance, numbers = random.Random(seed), itertools.count()
    while True:
        pause = chance.choice(("", "tool", "limit"))
        turns = []
        for _ in range(1 if pause == "limit" else chance.choice((1, 1, 2))):
            tokens = chance.choice((1, 3, chance.randrange(5, 150)))
            number = next(numbers)
            question = asking(f"q{number}", tokens, chance.randrange(2, 16), pause)
            turns.append(session.send(question, request_id=f"r{number}"))
        for turn in turns:
            if turn.result().finish_reason == "length":
                session.resume().result()


# ---------------------------------------------------------------- the judge


@dataclass
class Killed:
    """What is known of one child: what it said, when it died, and how far behind its partial was (seconds)."""

    started: int = 0
    ended: int = 0
    resumed: int = -1
    """The last one of these that was gone on with to its end."""
    at: float = 0.0
    state: str = "between turns"
    behind: float = 0.0

    def take(self, line: str) -> None:
        said, _, request = line.partition(" ")
        number = int(request[1:].rstrip("+"))
        if request.endswith("+"):
            self.resumed = self.resumed if said == "turn-started" else number
        elif said == "turn-started":
            assert number == self.started, "turns begin in the order in which they were asked"
            self.started += 1
        else:
            self.ended = number + 1


@dataclass
class Result:
    """What all kills came to."""

    states: dict[str, int] = field(default_factory=dict)
    behind: list[float] = field(default_factory=list)
    turns: int = 0

    def __str__(self) -> str:
        behind = f"{max(self.behind, default=0) * 1000:.0f} ms behind at most"
        return f"0 of {self.turns} turns lost or double, {behind}, every cut answer says so; hit {self.states}"


def kill_once(server: NumberedServer, path: Path, chance: random.Random) -> Killed:
    """Let a child ask, kill it at a random moment, and return what it had acknowledged."""
    command = [sys.executable, "-m", "tests.soak.session_kills", "--child", server.base_url, str(server.api_key)]
    environment = {**os.environ, "NBCHAT_STORE": str(path), "PYTHONPATH": str(ROOT)}
    killed = Killed()
    with subprocess.Popen(
        [*command, str(chance.randrange(10**9))], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as child:
        assert child.stdout is not None
        lines = whole_lines(child.stdout)
        assert next(lines) == "ready"
        threading.Event().wait(chance.uniform(0, 2.5))
        killed.at = time.monotonic()
        child.kill()
        for line in lines:
            killed.take(line)
    return killed


async def judge(server: NumberedServer, path: Path, killed: Killed) -> int:
    """Open what the child left and check everything that is promised; returns how many turns there were."""
    async with house(server, place=str(path)) as built:
        asked = server.questions  # each of these was saved before it was sent
        session = await built.session(NAME)
        session.tools.set([look], None)
        session.tools.allow("look")
        messages = await built.store.messages(session.id)
        turns = len(messages) // 2
        assert len(messages) == 2 * turns
        assert max(killed.started, len(asked)) <= turns <= killed.started + 1, "an acknowledged turn is lost, or one is double"
        for number in range(turns):
            question, reply = messages[2 * number], messages[2 * number + 1]
            assert question.text.startswith(f"q{number}: ")
            assert (question.role, reply.role, reply.parent) == ("user", "assistant", question.id)
            _judge_answer(server, question.text, reply, killed, number)
        assert [message.text for message in messages if message.role == "user"][: len(asked)] == asked
        assert list(session.path) == messages
        _judge_ledger(await built.store.records(session.id), messages)
        await _judge_resume(session)
        await _judge_going_on(session, server, turns)
    return turns


def _judge_answer(server: NumberedServer, question: str, reply: Message, killed: Killed, number: int) -> None:
    tokens = tokens_of(question, reply)  # an exact prefix, or this raises
    if reply.status == "complete":
        assert reply.finish_reason == "length" or (reply.reasoning, reply.text) == whole(question)
        assert reply.finish_reason == "stop" or number > killed.resumed, "what was added is lost"
        return
    resumes = number < killed.ended
    assert not resumes or ("limit" in question and number > killed.resumed), "an answer whose end was acknowledged is cut"
    assert reply.status == "interrupted"
    assert reply.error is not None
    unsaved = [sent for sent in server.sent.get(question, ())[tokens:] if sent < killed.at]
    tools = any(isinstance(part, ToolCallPart) for part in reply.parts)
    middle = "in a resumed answer" if resumes else "in a tool round" if tools else "in mid-answer"
    killed.state = middle if tokens else "before the first checkpoint"
    killed.behind = killed.at - min(unsaved, default=killed.at)
    assert killed.behind <= BEHIND, (
        f"{len(unsaved)} tokens are lost, the first of them sent {killed.behind:.3f} s before the kill"
    )


def _judge_ledger(rows: Sequence[RequestRecord], messages: Sequence[Message]) -> None:
    """Each answer has the rows of its own turns, the first one among them; the last row tells how the answer ended."""
    for number, reply in enumerate(messages[1::2]):
        own = [row for row in rows if row.message == reply.id]
        assert own[0].id == f"r{number}"
        assert len({row.turn for row in own}) <= 2
        assert own[-1].status == reply.status
    assert len(rows) == len({row.id for row in rows})
    assert {row.message for row in rows} == {reply.id for reply in messages[1::2]}


async def _judge_resume(session: Session) -> None:
    """What is cut, or stands at its limit, is brought to its end in its own place; nothing of it comes twice."""
    if not session.path:
        return
    question, reply = session.path[-2:]
    before = len(session.messages)
    for _ in range(3):
        if (reply.status, reply.finish_reason) != ("complete", "stop"):
            reply = await answer(session.resume(reply.id))
    assert (reply.status, reply.finish_reason, reply.text) == ("complete", "stop", whole(question.text)[1])
    assert len(session.messages) == before
    assert session.path[-1] == reply


async def _judge_going_on(session: Session, server: NumberedServer, turns: int) -> None:
    question = asking("afterwards", 3, 0)
    reply = await answer(session.submit(question))
    assert (reply.status, (reply.reasoning, reply.text)) == ("complete", whole(question))
    assert len(session.path) == 2 * turns + 2
    sent = [message["content"] for message in server.chats[-1].messages if message["role"] == "user"]
    assert sent == [message.text for message in session.path if message.role == "user"]


def run(samples: int, seed: int, directory: Path) -> Result:
    """Kill `samples` children. Raises AssertionError for a broken promise."""
    chance, result = random.Random(seed), Result()
    for sample in range(samples):
        path = directory / f"{sample}" / "nbchat.db"
        with NumberedServer() as server:
            killed = kill_once(server, path, chance)
            result.turns += asyncio.run(judge(server, path, killed))
        result.states[killed.state] = result.states.get(killed.state, 0) + 1
        result.behind.append(killed.behind)
    return result


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        base_url, api_key, seed = sys.argv[2:5]
        ask_for_ever(base_url, api_key, int(seed))
        return
    attack("kills of a streaming session", 200, run)


if __name__ == "__main__":
    main()
