"""The table of failure classes: every kind has a row, the rows make sense, and the page is drawn from them."""

import pytest

from actors.vocabulary.failures import ATTEMPTS, CLASSES, REQUEUES, Charged, has_answered, is_charged, is_final
from actors.work import FailureKind
from cluster.docs import failures_doc

K = FailureKind


def test_every_kind_has_a_row_and_an_example() -> None:
    assert set(CLASSES) == set(FailureKind) == set(failures_doc.EXAMPLES)


@pytest.mark.parametrize("kind", FailureKind)
def test_what_uses_up_attempts_is_charged_to_item_or_agent_and_nothing_else_is(kind: FailureKind) -> None:
    row = CLASSES[kind]
    assert is_charged(kind) is (row.charged in (Charged.ITEM, Charged.AGENT))
    assert 0 <= row.attempts <= ATTEMPTS
    assert row.agent_fault is (row.charged is Charged.AGENT)
    assert not (row.breaks_model and is_charged(kind)), "an item is not charged for its model"
    assert not (row.pauses and row.requeues is not None), "a person's pause has no bound"


def test_attempts_count_over_the_whole_run_whatever_they_failed_of() -> None:
    assert not is_final(K.AGENT_FAULT, ATTEMPTS - 1, 0)
    assert is_final(K.AGENT_FAULT, ATTEMPTS, 0)
    assert is_final(K.REFUSAL, 1, 0)
    assert is_final(K.REFUSAL, 2, 0), "after a fault, too"


def test_requeues_for_a_model_have_a_bound_and_those_for_nobodys_fault_have_none() -> None:
    assert not is_final(K.TRANSIENT, ATTEMPTS - 1, REQUEUES)
    assert is_final(K.TRANSIENT, 0, REQUEUES + 1)
    assert not any(is_final(kind, 0, 10**6) for kind in (K.NO_MODEL, K.QUOTA, K.CREDENTIALS))


def test_a_model_that_declines_has_answered() -> None:
    told = {kind for kind in FailureKind if has_answered(kind)}
    assert told == {K.CONTEXT_TOO_LONG, K.BAD_REQUEST, K.REFUSAL, K.CUT_OFF, K.INVALID_ANSWER}


def test_the_committed_page_is_current() -> None:
    assert failures_doc.PATH.read_text(encoding="utf-8") == failures_doc.page(), "run `make docs`"
