"""Topics that exist with other partitions than the settings say are refused, before any state is read or written."""

from __future__ import annotations

import pytest

from segue.errors import StackError
from services.runtime.settings import Settings
from services.runtime.topics import refuse_other_partitions
from services.runtime.topology import DEAD_LETTER, LISTENING_EVENTS, TOPICS

AS_DECLARED = {topic.name: topic.partitions or 4 for topic in TOPICS}
SETTINGS = Settings(partitions=4, kafka="broker:9092")


@pytest.mark.parametrize("existing", [{}, AS_DECLARED, {LISTENING_EVENTS.name: 4}, AS_DECLARED | {"others": 7}])
def test_topics_as_declared_or_not_there_yet_are_accepted(existing: dict[str, int]) -> None:
    refuse_other_partitions(existing, SETTINGS)


@pytest.mark.parametrize("found", [2, 8])
def test_more_partitions_are_refused_like_fewer_with_what_was_found_what_was_expected_and_the_way_back(
    found: int,
) -> None:
    existing = AS_DECLARED | {LISTENING_EVENTS.name: found}
    with pytest.raises(StackError) as refused:
        refuse_other_partitions(existing, SETTINGS)
    said = str(refused.value)
    assert "SEGUE_PARTITIONS is 4" in said
    assert f"listening-events has {found} and not 4" in said
    assert "broker:9092" in said
    assert f"set SEGUE_PARTITIONS to {found} again" in said
    assert len(said.splitlines()) == 1


def test_a_setting_that_changed_names_every_topic_but_those_whose_number_is_fixed() -> None:
    with pytest.raises(StackError) as refused:
        refuse_other_partitions(AS_DECLARED, Settings(partitions=16))
    said = str(refused.value)
    for topic in TOPICS:
        assert (topic.name in said) == (topic.partitions is None)


def test_a_topic_of_a_fixed_number_is_no_reason_to_change_the_setting() -> None:
    with pytest.raises(StackError) as refused:
        refuse_other_partitions(AS_DECLARED | {DEAD_LETTER.name: 3}, SETTINGS)
    assert "dead-letter has 3 and not 1" in str(refused.value)
    assert "set SEGUE_PARTITIONS" not in str(refused.value)
