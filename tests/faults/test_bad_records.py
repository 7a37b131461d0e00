from __future__ import annotations

from rich.console import Console

from bench import faults_poison
from bench.faults_poison import GOOD_TO_ONE_BAD
from bench.poison import BAD
from deploy.local import LocalStack


def test_each_bad_record_is_accounted_for_and_each_good_one_is_answered(stack: LocalStack, console: Console) -> None:
    figures = faults_poison.measure(stack, len(BAD) * GOOD_TO_ONE_BAD, console)
    assert figures["bad"] == len(BAD), "every kind once"
    assert figures["refused_by_the_broker"] == 2, "the oversize ones, packed or not"
    assert figures["unaccounted_by_kind"] == {}
    assert figures["unanswered_by_kind"] == {}
    assert set(figures["reasons"]) == {"malformed", "invalid", "late", "future"}, "and none for a fault of ours"
