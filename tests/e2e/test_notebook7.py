"""The core scenarios again, in Notebook 7: answers below cells, a thread, Stop while a cell runs, a reload, code into a cell."""

from __future__ import annotations

import pytest

from tests.e2e.test_answers import (
    test_fifty_answers_survive_a_reload_within_five_seconds,
    test_keys_typed_in_the_composer_stay_there,
    test_question_is_answered_below_its_cell,
    test_run_all_answers_every_cell_in_order,
)
from tests.e2e.test_busy_kernel import test_tokens_arrive_and_stop_works_while_a_cell_sleeps
from tests.e2e.test_content import test_code_is_inserted_as_the_next_cell
from tests.e2e.test_loading import test_loading_is_shown_and_then_the_answer

__all__ = [
    "test_code_is_inserted_as_the_next_cell",
    "test_fifty_answers_survive_a_reload_within_five_seconds",
    "test_keys_typed_in_the_composer_stay_there",
    "test_loading_is_shown_and_then_the_answer",
    "test_question_is_answered_below_its_cell",
    "test_run_all_answers_every_cell_in_order",
    "test_tokens_arrive_and_stop_works_while_a_cell_sleeps",
]


@pytest.fixture
def app() -> str:
    return "notebook"
