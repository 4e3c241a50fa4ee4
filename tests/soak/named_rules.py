"""The rules of the named tests of tests/upstream: each has one."""

from __future__ import annotations

from tests.soak.mutation import rule

__all__ = ["NAMED_RULES"]

G1, G6, G13 = "test_g01_to_g05.py::test_", "test_g06_to_g10.py::test_", "test_g13.py::test_"
G14 = "test_g14_to_g18.py::test_"
G11 = "test_g11_to_g12.py::test_"
L1, L13, L16 = "test_l01_to_l08.py::test_", "test_l13_to_l25.py::test_", "test_l16_to_l19.py::test_"

ONE_WORKER = (
    "sessions/worker.py",
    "if self._task is None or self._task.done():",
    "if True:",
)
ONE_TURN = ("storage/turns.py", "elif not turn.generation:", "elif False:")
IN_ORDER = ("storage/turns.py", "turn.after != row[0]", "False")
"""What else keeps two turns from running at once, or beside each other: the store, for all kernels."""
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

NAMED_RULES = (
    rule(
        f"{G1}g01_usage_chunk_with_empty_choices_is_counted",
        "usage is read where there are no choices",
        (
            "providers/chat_completions.py",
            "if len(chunk.usage) > 4:  # not null; behind the text",
            "if len(chunk.usage) > 4 and chunk.choices:  # behind the text",
        ),
    ),
    rule(
        f"{G1}g02_stop_is_the_one_end_of_its_turn",
        "a stopped answer is stopped",
        ("sessions/run.py", 'return "stopped", None', 'return "complete", None'),
    ),
    rule(
        f"{G1}g03_a_question_sent_right_after_stop_is_kept",
        "who works goes on with what came meanwhile",
        ("sessions/worker.py", "await self._next(self.waiting[0])", "await self._next(self.waiting[0])\n                break"),
    ),
    rule(
        f"{G1}g04_two_windows_that_send_together_start_one_request_each_in_order",
        "one worker a session",
        ONE_WORKER,
        ONE_TURN,
        IN_ORDER,
    ),
    rule(
        f"{G1}g05_every_exit_ends_the_turn",
        "what nobody foresaw ends the turn too",
        (
            "sessions/worker.py",
            "except Exception as error:\n            if isinstance(error, BusyError)",
            "except LookupError as error:\n            if isinstance(error, BusyError)",
        ),
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
        ("sessions/session.py", "busy=lambda: self.asking)", "busy=lambda: False)"),
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
        f"{G11}g11_there_is_one_retry_layer",
        "a wait is never cut short",
        (
            "providers/retry.py",
            "return asked if asked <= self.longest else None",
            "return min(asked, self.cap) if asked <= self.longest else None",
        ),
    ),
    rule(
        f"{G11}g12_words_do_not_make_a_rate_limit",
        "class by status and code, not by words",
        (
            "providers/errors.py",
            "    strong = [each for each in kinds if each not in _WEAK]",
            '    strong = ["rate_limit"] if "limit" in message else [each for each in kinds if each not in _WEAK]',
        ),
    ),
    rule(
        f"{G11}g12_an_empty_account_is_not_asked_again",
        "a code says more than a status",
        (
            "providers/errors.py",
            "kind: ErrorKind = strong[0] if strong else told or by_status",
            "kind: ErrorKind = by_status or strong[0] if strong else told or by_status",
        ),
    ),
    rule(
        f"{G11}l18_the_last_count_that_is_not_zero_holds",
        "zeros are no count",
        ("providers/usage_notes.py", "if raw == self._last or not _COUNTS(raw):", "if raw == self._last:"),
    ),
    rule(
        f"{G13}g13_a_null_beside_the_cost_is_no_cost",
        "the upstream's bill counts where the key is one's own",
        ("providers/usage_report.py", 'if data.get("is_byok") is True:', "if True:"),
    ),
    rule(
        f"{G13}g13_a_price_of_minus_one_is_unknown",
        "a negative price is none",
        (
            "core/price.py",
            "if value is not None and (not value.is_finite() or value < 0):",
            "if value is not None and not value.is_finite():",
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
        ("sessions/answering.py", "            counting.cancel()\n            self._run = None", "            counting.cancel()"),
    ),
    rule(
        f"{L13}l14_stop_returns_when_everything_of_the_turn_has_ended",
        "stop awaits the turn's end",
        ("sessions/worker.py", "        await asyncio.wait([asyncio.wrap_future(turn.future)])\n", ""),
    ),
    rule(
        f"{L13}l15_losing_a_view_is_not_failing_the_answer",
        "a watcher's failure is its own",
        ("sessions/session.py", '_log.exception("a listener failed on %s", name)', "raise"),
    ),
    rule(
        f"{L16}l16_a_stopped_request_has_an_estimate_that_says_so",
        "an estimate is marked",
        ("sessions/estimates.py", 'certainty="partial" if unseen else "estimated"', 'certainty="reported"'),
    ),
    rule(
        f"{L16}l16_a_stopped_request_can_be_read_on_for_its_figure",
        "a stopped request is read on where that is wanted",
        ("sessions/run.py", "seconds > 0 and self._dialogue.freeze()", "False"),
    ),
    rule(
        f"{L16}l17_cached_tokens_are_paid_once_and_reasoning_is_paid",
        "each token is in one pile",
        ("core/cost.py", "        self._left -= taken\n", ""),
    ),
    rule(
        f"{L16}l19_money_is_computed_and_rounded_in_one_place",
        "one way of writing money",
        ("core/cost.py", '"text": format_cost(self),', '"text": f"${self.amount}",'),
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
