"""Every kind of bad record is refused by the handler with a reason, and what only looks wrong is accepted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bench.poison import BAD, GOOD, Sending
from segue.session import FoldRules, Session
from services.runtime.record import Record
from services.runtime.topology import MAX_MESSAGE_BYTES
from services.sessions import handlers
from services.sessions.handlers import Accepted, Refused

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RULES = FoldRules()
# Valid for the handler: the broker refuses the one, the answers of the others cannot be written.
REFUSED_ELSEWHERE = {
    "oversize",
    "oversize, packed into little",
    "reply to a partition that does not exist",
    "turn with a reply to a partition that does not exist",
}


def read(sending: Sending, known: Session | None = None) -> Accepted | Refused:
    record = Record(sending.topic, 0, 5, int(NOW.timestamp() * 1_000), sending.key, sending.value, sending.headers)
    return handlers.take_in(record, known, RULES, lambda _key: 0)


@pytest.mark.parametrize("kind", sorted(BAD.keys() - REFUSED_ELSEWHERE - {"late"}))
def test_each_bad_kind_is_refused_for_a_fault_of_its_sender(kind: str) -> None:
    outcome = read(BAD[kind]("ada", 1, NOW))
    assert isinstance(outcome, Refused)
    assert outcome.error.reason in ("malformed", "invalid", "future")
    assert str(outcome.error)


def test_a_late_one_is_refused_once_a_newer_one_is_known() -> None:
    newer = read(GOOD["plain event"]("ada", 0, NOW))
    assert isinstance(newer, Accepted)
    late = BAD["late"]("ada", 1, NOW)
    outcome = handlers.take_in(
        Record(late.topic, 0, 6, int(NOW.timestamp() * 1_000), late.key, late.value),
        newer.task.session,
        RULES,
        lambda _key: 0,
    )
    assert isinstance(outcome, Refused)
    assert outcome.error.reason == "late"


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_each_kind_that_only_looks_wrong_is_accepted(kind: str) -> None:
    assert isinstance(read(GOOD[kind]("ada", 1, NOW)), Accepted)


def test_all_but_the_oversize_ones_fit_into_the_topic() -> None:
    sizes = {kind: len(make("ada", 1, NOW).value or b"") for kind, make in BAD.items()}
    assert [kind for kind, size in sizes.items() if size > MAX_MESSAGE_BYTES - 500] == [
        "oversize",
        "oversize, packed into little",
    ]
