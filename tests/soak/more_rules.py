"""Rules of trees, tools, titles and private sessions, whose tests stand elsewhere."""

from __future__ import annotations

from tests.soak.mutation import rule

__all__ = ["MORE_RULES"]

TREE, RESUME, ELSEWHERE, ROUNDS, CONSENT, HISTORY, TITLES = (
    f"sessions/test_{room}.py::test_"
    for room in ("branches", "resume", "resume_elsewhere", "tool_rounds", "toolbox_consent", "history", "titles")
)
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
            "known = None if request_id is None else self._by_request.get(request_id)",
            "known = None",
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
        f"{ELSEWHERE}a_resumed_answer_survives_a_crash_in_the_store",
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
        f"{CONSENT}nothing_runs_before_somebody_agrees",
        "tools need consent",
        ("sessions/toolbox.py", "        if name not in self._allowed:\n", "        if False:\n"),
    ),
    rule(
        f"{CONSENT}a_late_decision_never_approves_a_later_call_of_the_same_id",
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
    rule(
        "app/test_private_streams.py::test_the_streams_of_other_kernels_know_nothing_of_a_private_turn",
        "private sessions have streams of their own",
        ("app.py", '"jobs": jobs, "log": log, ', ""),
    ),
    rule(
        "app/test_private_streams.py::test_what_a_private_session_asked_is_remembered_nowhere",
        "private sessions ask without a note",
        ("app.py", "provider=self.registry.get_unnoted, private=None)", "private=None)"),
    ),
)
