"""The proof that the named tests of tests/upstream can fail: each one's rule is taken out of a copy of nbchat, and it must; and
the same for rules of trees, tools and titles whose tests stand elsewhere.

`python -m tests.soak.rules [--samples all] [--seed N] [test ...]` prints a table; a sample rotates with the seed.

A mutation is a list of edits: a file of nbchat, a text in it, and what stands there instead. A text that is not found
exactly once is an error (also in the tests, by `check_texts`), so the table cannot rot.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 10
"""A test that hangs without its rule has failed."""


@dataclass(frozen=True)
class Edit:
    """Put `new` in the place of `old` in `nbchat/<file>`."""

    file: str
    old: str
    new: str

    def apply(self, package: Path) -> None:
        """Change the file below `package`; raises ValueError where the text is not found exactly once."""
        path = package / self.file
        source = path.read_text(encoding="utf-8")
        if (found := source.count(self.old)) != 1:
            raise ValueError(f"nbchat/{self.file} has {found} times {self.old!r}")
        path.write_text(source.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Rule:
    """A named test of tests/upstream ("file::test"), or of another folder of tests ("folder/file::test"), what is taken out, and
    the edits that do it."""

    test: str
    without: str
    edits: tuple[Edit, ...]

    @property
    def path(self) -> str:
        """The test as pytest is told of it."""
        return f"tests/{self.test}" if "/" in self.test else f"tests/upstream/{self.test}"

    @property
    def name(self) -> str:
        """The test's name alone."""
        return self.test.partition("::")[2]


def rule(test: str, without: str, *edits: tuple[str, str, str]) -> Rule:
    """Return a rule from plain tuples."""
    return Rule(test, without, tuple(Edit(*each) for each in edits))


G1, G6, G14 = "test_g01_to_g05.py::test_", "test_g06_to_g10.py::test_", "test_g14_to_g18.py::test_"
L1, L13 = "test_l01_to_l08.py::test_", "test_l13_to_l25.py::test_"

ONE_WORKER = (
    "sessions/worker.py",
    "if self._task is None or self._task.done():",
    "if True:",
)
LAST_WRITER_WINS = """\
    newest = "COALESCE((SELECT position FROM messages WHERE id = ?2), 0)"
    db.execute(f"DELETE FROM messages WHERE conversation_id = ?1 AND position > {newest}", (conversation_id, given[0].parent))
    known = []
    for message in given:
"""
STOP_WITH_THE_VIEWS = """\
        if not views and self.busy:
            asyncio.get_running_loop().create_task(self._worker.stop())
        if views != self.state.subscriber_count:
"""
PUBLISHED = '            _log.exception("the end of a turn could not be published")\n'

RULES = (
    rule(
        f"{G1}g01_usage_chunk_with_empty_choices_is_counted",
        "usage is read before choices",
        (
            "providers/chat_completions.py",
            "if chunk.usage:  # before choices",
            "if chunk.usage and chunk.choices:  # before choices",
        ),
    ),
    rule(
        f"{G1}g02_stop_is_the_one_end_of_its_turn",
        "a stopped answer is stopped",
        ("sessions/run.py", 'return "stopped", None', 'return "complete", None'),
    ),
    rule(f"{G1}g03_a_question_sent_right_after_stop_is_kept", "a new turn starts after the old one settled", ONE_WORKER),
    rule(f"{G1}g04_two_windows_that_send_together_start_one_request_each_in_order", "one worker a session", ONE_WORKER),
    rule(
        f"{G1}g05_every_exit_ends_the_turn",
        "what nobody foresaw ends the turn too",
        ("sessions/worker.py", "except Exception as error:", "except LookupError as error:"),
    ),
    rule(
        f"{G1}g05_a_model_that_calls_for_ever_ends_at_the_cap",
        "the last round's calls are an end with an error",
        ("sessions/dialogue.py", "        if self.open_calls():\n            text", "        if False:\n            text"),
    ),
    rule(
        f"{G6}g06_an_answer_that_failed_half_way_is_not_tried_again_beneath_itself",
        "nothing is sent again once a 200 began",
        (
            "providers/attempt.py",
            "            if self.failure is None:\n                await exchange.settle(_SETTLE)",
            "            self.retryable = self.failure is not None and is_retryable(self.failure)",
        ),
    ),
    rule(
        f"{G6}g07_a_cut_in_mid_answer_keeps_the_partial_as_interrupted",
        "a partial is kept",
        (
            "sessions/run.py",
            "parts=self._output.content.parts,",
            'parts=self._output.content.parts if status != "interrupted" else (),',
        ),
    ),
    rule(
        f"{G6}g08_a_session_that_was_opened_and_let_go_of_ends",
        "opening holds nothing",
        ("sessions/manager.py", "session.lease().release()", "session.lease()"),
    ),
    rule(
        f"{G6}g09_closing_the_last_view_twice_ends_no_turn",
        "a running turn holds its session",
        ("sessions/session.py", "busy=lambda: self.busy)", "busy=lambda: False)"),
    ),
    rule(
        f"{G6}g10_a_stopped_answer_costs_what_came",
        "every request is settled",
        ("sessions/request_run.py", "billed=self.billed,", "billed=self.billed and self.finish is not None,"),
    ),
    rule(
        f"{G6}g10_finished_tool_rounds_are_paid_whatever_the_last_one_does",
        "each round is settled when it is over",
        (
            "sessions/dialogue.py",
            '            await self._settle("complete")\n            await self._output',
            "            await self._output",
        ),
    ),
    rule(
        f"{G14}g14_how_an_answer_ended_is_a_field_and_no_text",
        "no marker in the text",
        (
            "sessions/run.py",
            "parts=self._output.content.parts,",
            "parts=(*(got := self._output.content.parts), *[type(p)(' (stopped)') for p in got if status == 'stopped']),",
        ),
    ),
    rule(
        f"{G14}g15_what_no_provider_takes_is_kept_but_never_sent",
        "calls without a result stay behind",
        (
            "sessions/history.py",
            "if parts := (*_content(step.content), *calls):",
            "if parts := (*_content(step.content), *step.calls):",
        ),
    ),
    rule(
        f"{G14}g15_each_call_that_is_sent_has_its_one_result_behind_it",
        "results stand behind their calls",
        ("sessions/history.py", "        if results:\n", "        if False:\n"),
    ),
    rule(
        f"{G14}g16_a_choice_holds_where_it_was_made",
        "a conversation's model is its own",
        (
            "sessions/session.py",
            'return f"{own.provider}/{own.model}" if own.provider and own.model else self._default_model()',
            "return self._default_model()",
        ),
    ),
    rule(
        f"{G14}g17_a_view_is_sent_each_token_once",
        "a view is told what it lacks",
        ("notebook/teller.py", "(feed.turn, feed.generation, view.seq)", "(feed.turn, feed.generation, 0)"),
    ),
    rule(
        f"{G14}g18_two_kernels_that_add_at_once_lose_nothing",
        "what others added stays",
        (
            "storage/messages.py",
            "    known = []\n    for message in given:\n",
            LAST_WRITER_WINS,
        ),
    ),
    rule(
        f"{L1}l01_an_answer_nobody_watches_is_saved",
        "views end nothing",
        (
            "sessions/session.py",
            "        if views != self.state.subscriber_count:\n",
            STOP_WITH_THE_VIEWS,
        ),
    ),
    rule(
        f"{L1}l02_an_end_is_saved_before_anybody_is_told",
        "save, then publish",
        ("sessions/run.py", "        await self._save_end(message, rows)\n", ""),
        (
            "sessions/run.py",
            PUBLISHED,
            PUBLISHED + "        await self._save_end(message, rows)\n",
        ),
    ),
    rule(
        f"{L1}l03_a_request_that_ends_twice_is_settled_once",
        "one ledger row an id",
        (
            "storage/ledger.py",
            "        record.id, record.conversation,",
            "        record.id + '+' * db.row('SELECT COUNT(*) FROM requests')[0], record.conversation,",
        ),
    ),
    rule(
        f"{L1}l04_a_repeated_request_attaches_instead_of_paying_twice",
        "a request id begins one turn",
        ("storage/turns.py", "if known is not None:\n            return TurnRecord(*known)", "del known"),
    ),
    rule(
        f"{L1}l08_batches_are_written_one_after_the_other",
        "one sequencer",
        (
            "sessions/output.py",
            "await self._append(self._coalescer.take(clock.monotonic()))",
            "asyncio.ensure_future(self._append(self._coalescer.take(clock.monotonic())))",
        ),
    ),
    rule(
        f"{L13}l13_an_ended_turn_lets_go_of_its_run_and_its_request",
        "the run is dropped at its end",
        ("sessions/worker.py", "        finally:\n            self._run = None", "        finally:\n            pass"),
    ),
    rule(
        f"{L13}l14_stop_returns_when_everything_of_the_turn_has_ended",
        "stop awaits the turn's end",
        ("sessions/worker.py", "        await asyncio.wrap_future(turn.future)\n", ""),
    ),
    rule(
        f"{L13}l15_losing_a_view_is_not_failing_the_answer",
        "a watcher's failure is its own",
        ("sessions/session.py", '_log.exception("a listener failed on %s", name)', "raise"),
    ),
    rule(
        f"{L13}l20_an_answer_is_built_and_stored_once",
        "a final message beside deltas is ignored",
        ("providers/chat_completions.py", "if delta is None and not self.characters:", "if delta is None:"),
    ),
    rule(
        f"{L13}l21_a_title_comes_whatever_becomes_of_its_request",
        "reasoning is no part of a title",
        ("sessions/title_maker.py", "clean_title(await self._ask(question, answer))", "await self._ask(question, answer)"),
    ),
    rule(
        f"{L13}l24_a_tool_runs_in_the_context_in_which_it_was_given",
        "the context is captured",
        ("sessions/toolbox.py", "context = self._context.copy()", "context = contextvars.Context()"),
    ),
    rule(
        f"{L13}l24_a_callback_runs_in_the_context_in_which_it_was_given",
        "the context is captured",
        ("runtime/callbacks.py", "self._context = contextvars.copy_context()", "self._context = contextvars.Context()"),
    ),
    rule(
        f"{L13}l25_a_request_begins_with_the_bytes_of_the_one_before",
        "a system prompt is sent as it is",
        ("sessions/history.py", "parts=(TextPart(system),)", "parts=(TextPart(f'{system} {len(tuple(path))}'),)"),
    ),
)

"""The rules of the named tests: each has one."""

TREE, RESUME, ROUNDS = (f"sessions/test_{room}.py::test_" for room in ("branches", "resume", "tool_rounds"))
BOX, HISTORY, TITLES = (f"sessions/test_{room}.py::test_" for room in ("toolbox", "history", "titles"))
IN_PLACE = '(turn.kind == "resume" or not target.parts)'
SAVE_REPLY = "        await self._ports.store.add_messages(self._tree.conversation.id, [reply], head=reply.id)\n"
ADD_REPLY = "        self._tree.add([reply], now=now)\n"

MORE_RULES = (
    rule(
        f"{TREE}edited_words_make_a_branch_and_the_old_one_stays",
        "other words stand beside the old ones",
        ("sessions/submitting.py", "place=Place(parent=message.parent))", "place=Place(parent=message.id))"),
    ),
    rule(
        f"{TREE}regenerate_makes_a_sibling_answer",
        "an answer that came is kept",
        ("sessions/beginning.py", IN_PLACE, "True"),
    ),
    rule(
        f"{TREE}an_answer_that_failed_before_anything_came_is_asked_for_in_its_place",
        "one that did not is replaced",
        ("sessions/beginning.py", IN_PLACE, 'turn.kind == "resume"'),
    ),
    rule(
        f"{TREE}a_hidden_message_is_not_sent_and_a_deleted_one_is_not_there_until_it_is_restored",
        "deleted messages are passed over",
        ("sessions/tree.py", "        if not message.deleted:\n            path", "        if True:\n            path"),
    ),
    rule(
        f"{HISTORY}hidden_and_deleted_messages_stay_behind",
        "hidden messages are not sent",
        ("sessions/history.py", "        if message.hidden or message.deleted:\n", "        if message.deleted:\n"),
    ),
    rule(
        f"{TREE}a_repeated_request_id_attaches_whatever_was_asked",
        "a click that comes twice is one",
        (
            "sessions/submitting.py",
            "return None if request_id is None else self._by_request.get(request_id)",
            "return None",
        ),
    ),
    rule(
        f"{TREE}what_the_store_refuses_is_not_shown",
        "save, then show",
        ("sessions/editing.py", SAVE_REPLY, ""),
        ("sessions/editing.py", ADD_REPLY, ADD_REPLY + SAVE_REPLY),
    ),
    rule(
        f"{RESUME}resume_continues_the_partial_in_its_own_message",
        "a resumed answer goes on in its place",
        ("sessions/beginning.py", IN_PLACE, "not target.parts"),
    ),
    rule(
        f"{RESUME}a_repetition_at_the_seam_is_dropped",
        "the seam drops what comes again",
        ("sessions/dialogue.py", 'if purpose == "continuation" else None', "if False else None"),
    ),
    rule(
        f"{RESUME}a_resumed_answer_survives_a_crash_in_the_store",
        "what it had stays when it begins again",
        (
            "storage/messages.py",
            "(dump_parts(answer.parts), answer.model, generation, answer.id)",
            "('[]', answer.model, generation, answer.id)",
        ),
    ),
    rule(
        f"{ROUNDS}stop_while_a_tool_runs_ends_the_turn_with_valid_history",
        "each request is settled once",
        (
            "sessions/run.py",
            "        if not self._dialogue.settled:\n            hurried",
            "        if True:\n            hurried",
        ),
    ),
    rule(
        f"{ROUNDS}two_calls_at_once_have_ids_of_their_own_even_when_the_server_gives_none",
        "each call gets an id of its own",
        ("sessions/dialogue.py", "name = event.id if event.id and event.id not in taken else", "name = event.id if True else"),
    ),
    rule(
        f"{HISTORY}call_ids_are_unique_however_providers_number",
        "ids are told apart when they are sent",
        ("sessions/history.py", "    while not found or found in ids:\n", "    while not found:\n"),
    ),
    rule(
        f"{BOX}nothing_runs_before_somebody_agrees",
        "tools need consent",
        ("sessions/toolbox.py", "        if name not in self._allowed:\n", "        if False:\n"),
    ),
    rule(
        f"{BOX}a_late_decision_never_approves_a_later_call_of_the_same_id",
        "a decision names one call",
        ("sessions/toolbox.py", "call_id if call_id and call_id not in self._call_ids else", "call_id if call_id else"),
    ),
    rule(
        f"{TITLES}a_given_title_is_never_replaced",
        "who gives a title ends the making of one",
        ("sessions/title_maker.py", "            self._task.cancel()\n", "            pass\n"),
    ),
    rule(
        f"{TITLES}a_title_that_is_given_in_another_kernel_meanwhile_stays",
        "a person's title stays",
        ("sessions/title_maker.py", "stored is not None and not stored.titled and stored.title == before", "stored is not None"),
    ),
    rule(
        "api/test_tree.py::test_private_sessions_leave_nothing_behind",
        "private sessions have a store of their own",
        ("sessions/manager.py", "ports = self._private_ports() if private else self._ports", "ports = self._ports"),
    ),
)
"""Of tests elsewhere."""
ALL_RULES = RULES + MORE_RULES


def check_texts(rules: Iterable[Rule] = ALL_RULES) -> None:
    """Raise ValueError for a mutation whose text is not found exactly once."""
    with tempfile.TemporaryDirectory() as directory:
        for each in rules:
            _mutate(Path(directory), each.edits)
            _restore(Path(directory), each.edits)


def _restore(directory: Path, edits: Iterable[Edit]) -> None:
    for edit in edits:
        target = directory / "nbchat" / edit.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "nbchat" / edit.file, target)


def _mutate(directory: Path, edits: Sequence[Edit]) -> None:
    _restore(directory, edits)
    for edit in edits:
        edit.apply(directory / "nbchat")


def copy_tree(directory: Path) -> None:
    """Copy what a test run needs."""
    for folder in ("nbchat", "tests"):
        kept = shutil.ignore_patterns("__pycache__", "node_modules", "peer")
        shutil.copytree(ROOT / folder, directory / folder, ignore=kept)
    shutil.copyfile(ROOT / "pyproject.toml", directory / "pyproject.toml")


def failure(directory: Path, tests: Iterable[str]) -> str:
    """Run tests (paths) against the copy; returns why the first one failed, "" when all passed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "--tb=short",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--timeout",
        str(SECONDS),
    ]
    environment = {**os.environ, "PYTHONPATH": str(directory), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, *tests],
        cwd=directory, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):  # a mutation that breaks the import of the tests proves nothing
        raise RuntimeError(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    if done.returncode == 0:
        return ""
    lines = [line[2:].strip() for line in done.stdout.splitlines() if line.startswith("E  ")]
    return next((line for line in lines if line), "it failed")


def run(rules: Sequence[Rule], directory: Path) -> list[tuple[Rule, str]]:
    """Return for each rule why its test failed without it, "" where it passed; raises where one fails with it."""
    copy_tree(directory)
    why = failure(directory, sorted({each.path for each in rules}))
    assert not why, f"a test fails though nothing was taken out: {why}"
    found = []
    for each in rules:
        _mutate(directory, each.edits)
        found.append((each, failure(directory, [each.path])))
        _restore(directory, each.edits)
    return found


def sample(count: int, seed: int) -> list[Rule]:
    """Return some of the rules, in the order of the table."""
    chosen = random.Random(seed).sample(range(len(ALL_RULES)), min(count, len(ALL_RULES)))
    return [ALL_RULES[at] for at in sorted(chosen)]


def main() -> int:
    """Take out rules and print what the tests say; returns how many tests passed without their rule."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("tests", nargs="*", help="parts of test names (default: all)")
    parser.add_argument("--samples", type=int, default=len(ALL_RULES))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    check_texts()
    rules = [
        each
        for each in sample(arguments.samples, arguments.seed)
        if not arguments.tests or any(word in each.test for word in arguments.tests)
    ]
    if not rules:
        parser.error("no test has such a name")
    with tempfile.TemporaryDirectory() as directory:
        found = run(rules, Path(directory))
    for each, why in found:
        print(f"{'ok    ' if why else 'PASSED'} {each.name}\n       without “{each.without}”: {why[:110]}")
    kept = sum(bool(why) for _, why in found)
    print(f"{kept} passed, {len(found) - kept} failed")
    return len(found) - kept


if __name__ == "__main__":
    sys.exit(main())
