from __future__ import annotations

from rich.console import Console

from bench import faults_kill
from bench.faults_kill import Plan
from deploy.local import LocalStack


def test_killing_sessions_loses_nothing_keeps_every_state_and_marks_duplicates(
    stack: LocalStack, console: Console
) -> None:
    figures = faults_kill.measure(stack, Plan(events=600, kills=2, listeners=60), console)
    assert figures["events"] == 600
    assert figures["listeners"] == 60
    assert figures["recovered_from_changelog"] == 1
    assert figures["least_changelog_records"] > 0
    assert (figures["lost"], figures["wrong_states"], figures["unmarked_duplicates"]) == (0, 0, 0)
