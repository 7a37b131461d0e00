"""Settings: what makes no sense stops the start with the variable's name, and the bounds themselves are allowed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segue.errors import StackError
from services.runtime.settings import LONGEST_WAIT, load


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("SEGUE_LATENESS=-PT1S", "greater than or equal to 0 seconds"),
        ("SEGUE_CLOCK_SKEW=-PT1S", "greater than or equal to 0 seconds"),
        ("SEGUE_LATENESS=P4000D", "less than or equal to 3650 days"),
        ("SEGUE_IDLE_EXPIRY=PT0S", "greater than 0 seconds"),
        ("SEGUE_CATCH_UP=-PT1S", "greater than or equal to 0 seconds"),
        ("SEGUE_CATCH_UP=P2D", "less than or equal to 1 day"),
        ("SEGUE_DEFAULT_DEADLINE=PT0S", "greater than 0 seconds"),
        ("SEGUE_DEFAULT_DEADLINE=PT2M", "less than or equal to 1 minute"),
        ("SEGUE_MODEL_TIMEOUT=-PT1S", "greater than 0 seconds"),
        ("SEGUE_MAX_WAITING=0", "greater than or equal to 1"),
    ],
)
def test_a_setting_without_sense_stops_the_start_with_its_name(
    variable: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, setting = variable.split("=")
    monkeypatch.setenv(name, setting)
    with pytest.raises(StackError, match=f"{name}: .*{said}"):
        load()


def test_what_lies_on_the_bounds_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, setting in (
        ("LATENESS", "PT0S"),
        ("CLOCK_SKEW", "PT0S"),
        ("CATCH_UP", "PT0S"),
        ("MODEL_TIMEOUT", "PT1M"),
    ):
        monkeypatch.setenv(f"SEGUE_{name}", setting)
    settings = load()
    assert settings.lateness == settings.clock_skew == settings.catch_up == timedelta(0)
    assert settings.model_timeout == LONGEST_WAIT
