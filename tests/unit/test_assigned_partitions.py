"""How far behind a worker is: what it has not read, and what it has not committed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import REGISTRY

from services.runtime.gaps import Gaps
from services.runtime.health import Readiness
from services.runtime.partitions import ASSIGNED, SIZE_EVERY, AssignedPartitions
from services.runtime.progress import Progress

AT = TP("listening-events", 0)
PARTITION = (AT.topic, AT.partition)


class Consumer:
    """A consumer of one partition."""

    def __init__(self, end: int, committed: int | None) -> None:
        self.end = end
        self.assigned = {AT, TP("a-changelog", 0)}
        self._committed_offset = {AT: committed}

    def assignment(self) -> set[TP]:
        return self.assigned

    def highwater(self, _at: TP) -> int:
        return self.end


def partitions(consumer: Consumer, gaps: Gaps | None = None) -> tuple[AssignedPartitions, Progress]:
    app: Any = SimpleNamespace(consumer=consumer, gaps=gaps or Gaps())
    progress = Progress(app.gaps)
    return AssignedPartitions(app, [AT.topic], progress), progress


def test_what_was_read_and_not_committed_is_lag_and_not_unread() -> None:
    assigned, progress = partitions(Consumer(end=100, committed=60))
    progress.advance((*PARTITION, 89))
    assert assigned.unread() == {PARTITION: 10}
    assert assigned.lag() == {PARTITION: 40}


def test_before_anything_was_committed_all_of_the_partition_is_lag() -> None:
    assigned, _ = partitions(Consumer(end=7, committed=None))
    assert assigned.lag() == {PARTITION: 7}


def test_a_marker_behind_the_last_committed_record_is_no_lag() -> None:
    gaps = Gaps()
    gaps.fetched(PARTITION, before=0, last=4, after=6)
    assigned, progress = partitions(Consumer(end=6, committed=5), gaps)
    progress.advance((*PARTITION, 4))
    assert assigned.lag() == assigned.unread() == {PARTITION: 0}


def test_a_start_goes_on_from_the_committed_offset() -> None:
    assigned, progress = partitions(Consumer(end=100, committed=60))
    assigned.note_committed()
    assert progress.next_offset(PARTITION) == 60


def test_the_gauges_show_assigned_partitions_alone(tmp_path: Path) -> None:
    consumer = Consumer(end=100, committed=60)
    assigned, _ = partitions(consumer)
    labels = {"topic": AT.topic, "partition": "0"}
    assigned.measure(tmp_path)
    assert REGISTRY.get_sample_value("segue_consumer_lag", labels) == 40
    assert REGISTRY.get_sample_value("segue_consumer_unread", labels) == 100
    assert REGISTRY.get_sample_value("segue_consumer_committed", labels) == 60
    consumer.assigned = set()
    assigned.measure(tmp_path)
    assert REGISTRY.get_sample_value("segue_consumer_lag", labels) is None
    assert REGISTRY.get_sample_value("segue_consumer_unread", labels) is None
    assert REGISTRY.get_sample_value("segue_consumer_committed", labels) is None


def test_a_partition_that_was_never_committed_shows_that_from_the_start(tmp_path: Path) -> None:
    assigned, _ = partitions(Consumer(end=100, committed=None))
    assigned.measure(tmp_path)
    labels = {"topic": AT.topic, "partition": "0"}
    assert REGISTRY.get_sample_value("segue_consumer_committed", labels) == 0
    assert REGISTRY.get_sample_value("segue_consumer_lag", labels) == 100


def test_the_tables_files_are_not_walked_through_at_every_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[Path] = []
    now = [0.0]

    def folder_bytes(folder: Path) -> int:
        walks.append(folder)
        return 7

    monkeypatch.setattr("services.runtime.partitions.folder_bytes", folder_bytes)
    monkeypatch.setattr("services.runtime.partitions.time", SimpleNamespace(monotonic=lambda: now[0]))
    assigned, _ = partitions(Consumer(end=100, committed=60))
    for now[0] in (0.0, 1.0, SIZE_EVERY - 1.0, SIZE_EVERY):
        assigned.measure(tmp_path)
    assert walks == [tmp_path, tmp_path]
    assert REGISTRY.get_sample_value("segue_state_bytes") == 7


@pytest.mark.parametrize(
    ("recovered", "rebalancing", "ready"), [(True, False, True), (False, False, False), (True, True, False)]
)
@pytest.mark.parametrize("spare", [False, True])
def test_a_worker_is_ready_once_recovered_even_if_there_is_no_partition_for_it(
    *, recovered: bool, rebalancing: bool, ready: bool, spare: bool
) -> None:
    consumer = Consumer(end=1, committed=1)
    if spare:
        consumer.assigned = set()
    assigned, _ = partitions(consumer)
    app: Any = assigned._app
    app.rebalancing = rebalancing
    app.tables = SimpleNamespace(recovery=SimpleNamespace(completed=SimpleNamespace(is_set=lambda: recovered)))
    readiness = Readiness(ASSIGNED)
    assigned.tell(readiness)
    assert (not readiness.missing) is ready
