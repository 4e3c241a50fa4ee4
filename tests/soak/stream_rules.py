"""The rules of the named tests about jobs and event logs: each has one, in one of the backends that the test runs on."""

from __future__ import annotations

from tests.soak.mutation import rule

__all__ = ["STREAM_RULES"]

L5 = "test_l05_to_l23.py::test_"
PAUSE = 'await __import__("asyncio").sleep(0.01)'

STREAM_RULES = (
    rule(
        f"{L5}l05_a_late_reader_misses_nothing",
        "attaching is one step",
        (
            "streams/memory_log.py",
            "state = await self.resume_state(stream_id)  # nothing runs between this and the next line\n",
            f"state = await self.resume_state(stream_id)\n        {PAUSE}\n",
        ),
    ),
    rule(
        f"{L5}l06_a_reader_that_comes_back_is_told_nothing_twice",
        "what is told is behind the position",
        ("streams/sqlite/notices.py", "after = cursor.place[1] if there[0] == cursor.place[0] else 0", "after = 0"),
    ),
    rule(
        f"{L5}l07_a_position_is_one_readers_own_and_of_one_generation",
        "a position is of one generation",
        (
            "streams/memory_log.py",
            "if log is None or log.generation != generation:\n            return None",
            "if log is None:\n            return None",
        ),
    ),
    rule(
        f"{L5}l09_a_replaced_run_writes_over_nothing",
        "every write carries its generation",
        ("streams/memory_log.py", "elif generation < log.generation:", "elif generation < 0:"),
    ),
    rule(
        f"{L5}l09_an_empty_snapshot_erases_nothing",
        "a rewrite adds, or does nothing",
        (
            "streams/memory_log.py",
            "            return\n        log = self._logs[stream_id] = _Log(generation)",
            "            pass\n        log = self._logs[stream_id] = _Log(generation)",
        ),
    ),
    rule(
        f"{L5}l10_a_removed_job_is_not_resurrected",
        "an update makes no job",
        (
            "streams/memory_jobs.py",
            "        check_changes(changes)\n        job = self._jobs.get(stream_id)\n",
            '        job = self._jobs.get(stream_id) or Job(stream_id, self._owner, "", generation)\n',
        ),
    ),
    rule(
        f"{L5}l11_a_hung_run_ends_for_whoever_waits_for_it",
        "a lease alone is no activity",
        (
            "streams/sqlite/jobs.py",
            "UPDATE jobs SET renewed = ? WHERE user = ?",
            "UPDATE jobs SET active = ?1, renewed = ?1 WHERE user = ?",
        ),
    ),
    rule(
        f"{L5}l12_what_is_kept_is_the_text_and_not_the_events",
        "a tail is shortened",
        ("streams/sqlite/entries.py", "        _shorten(file, log)\n", "        pass\n"),
    ),
    rule(
        f"{L5}l22_no_more_run_than_the_limit_allows",
        "counting and reserving are one step",
        (
            "streams/memory_jobs.py",
            "            raise too_many(limit)\n",
            f"            raise too_many(limit)\n        {PAUSE}\n",
        ),
    ),
    rule(
        f"{L5}l23_tokens_are_published_in_batches",
        "at most one batch a frame",
        ("core/coalesce.py", "wait = max(self._last + self._frame - now, 0.0)", "wait = 0.0"),
    ),
    rule(
        f"{L5}l23_who_answers_never_waits_for_those_who_read_elsewhere",
        "memory first, then a note",
        (
            "streams/mirrored.py",
            "        self._courier.append(stream_id, found, events)",
            "        await (reach := self._courier._reach).call(lambda: reach.log.append(stream_id, generation, events), 0.05)",
        ),
    ),
)
