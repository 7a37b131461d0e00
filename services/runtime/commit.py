"""What Faust commits, and what its consumer passes over.

Committed is the newest acknowledged offset of each partition, since acknowledgements come in offset order. Faust's own
reckoning looks for gaps instead. It takes offsets that it has skipped while it seeks to the committed ones after a
start for gaps and counts them as acknowledged: a commit can then pass over records that are not done, and later ones
advance by a single offset at a time. Knows nothing of what acknowledges (`acknowledgement.py` keeps the order).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP

from services.runtime.gaps import Gaps


class _Thread(aiokafka.AIOKafkaConsumerThread):
    """Faust's thread around aiokafka's consumer, which also says what each fetch passed over."""

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        owner: Any = self.consumer
        if not owner.flow_active:
            return {}
        before = positions(consumer, active_partitions)
        found = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        note(owner.gaps, before, found, positions(consumer, active_partitions))
        return found


class OrderedConsumer(aiokafka.Consumer):
    """Faust's consumer; what was acknowledged last is what can be committed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        app: Any = self.app
        self.gaps: Gaps = app.gaps

    def _new_consumer_thread(self) -> aiokafka.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def _new_offset(self, tp: TP) -> int | None:
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        newest: int = max(acknowledged)
        acknowledged.clear()
        self._acked_index[tp].clear()
        return newest + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps do not matter: a compacted record is never acknowledged, and never waited for."""


def positions(consumer: Any, partitions: Collection[TP]) -> dict[TP, int]:
    """Return the position of each partition that is assigned and has one."""
    # aiokafka's public way to a position waits until there is one.
    subscription = consumer._subscription.subscription  # noqa: SLF001
    if subscription is None or subscription.assignment is None:
        return {}
    states = {at: subscription.assignment.state_value(at) for at in partitions}
    return {at: state.position for at, state in states.items() if state is not None and state.has_valid_position}


def note(gaps: Gaps, before: Mapping[TP, int], found: Mapping[TP, Any], after: Mapping[TP, int]) -> None:
    """Note what a fetch passed over, given the positions before and after it and what it found."""
    for at, position in after.items():
        records = found.get(at)
        last = records[-1].offset if records else None
        gaps.fetched((at.topic, at.partition), before.get(at), last, position)


class _Transport(aiokafka.Transport):
    Consumer = OrderedConsumer


class OrderedApp(faust.App):
    """A Faust app whose consumer commits what was acknowledged in order and tells what it passes over."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.gaps = Gaps()
        super().__init__(*args, **options)

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)
