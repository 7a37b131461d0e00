"""How far a running Segue is with what was written to its log, by what its services say of themselves over HTTP.

track_tokens tells the offsets that its consumer group has committed, the recommender how many records of
`track-tokens` its index does not hold yet. Knows both metrics, and no broker.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from segue.errors import StackError
from segue.events import SourceOffset

TIMEOUT = 5.0
LOOK_SECONDS = 0.25
# Services measure themselves once a second: what was measured this long after a moment tells of that moment.
MEASURED_WITHIN = 2.0
# How long nothing may move before the wait is given up.
STALLED_SECONDS = 120.0

COMMITTED = "segue_consumer_committed"
LAG = "segue_consumer_lag"
DEAD_LETTERS = "segue_dead_letters_total"
INDEX_LAG = "segue_index_lag"
INDEX_MEASURED = "segue_index_measured_timestamp_seconds"

Told = Callable[[int], None]


def samples(address: str) -> list[Sample]:
    """Return what the metrics address tells. Raises StackError when nothing answers there."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise StackError(f"no metrics at {address} ({error}); is that service running?") from error
    finally:
        connection.close()
    return [sample for family in text_string_to_metric_families(page) for sample in family.samples]


class Consumers:
    """The workers of track_tokens and the recommenders, by their metrics addresses."""

    def __init__(self, track_tokens: Sequence[str], recommenders: Sequence[str]) -> None:
        self._track_tokens = track_tokens
        self._recommenders = recommenders

    def refused(self) -> int:
        """Return how many playlist edits the workers have written to the dead letters since they started."""
        found = self._sums(DEAD_LETTERS, self._workers())
        return int(sum(value for (topic, _), value in found.items() if topic == "playlist-events"))

    def wait(self, written: Iterable[SourceOffset], told: Told) -> None:
        """Return once all that was written, and all that followed from it, is in every recommender's index.

        Three steps, each of which fills the next one's topic: the edits are committed; nothing of track_tokens' own
        topics is left; nothing of `track-tokens` is left. Raises StackError when nothing moves for two minutes.
        """
        positions = tuple(written)
        wait_until_none(lambda: self._not_committed(positions), "track_tokens", told)
        self._settled(lambda: int(sum(self._sums(LAG, self._workers()).values())), "track_tokens", told)
        self._settled(self._index_lag, "the recommender", told)

    def lag(self) -> int:
        """Return how many records of all these topics are not done."""
        return int(sum(self._sums(LAG, self._workers()).values())) + self._index_lag()

    def _settled(self, left: Callable[[], int], who: str, told: Told) -> None:
        """Wait until nothing is left, by a measurement that was made from now on."""
        time.sleep(MEASURED_WITHIN)
        wait_until_none(left, who, told)

    def _not_committed(self, positions: Sequence[SourceOffset]) -> int:
        committed = self._sums(COMMITTED, self._workers())
        return sum(max(0, at.offset + 1 - int(committed.get((at.topic, str(at.partition)), 0))) for at in positions)

    def _index_lag(self) -> int:
        behind = 0
        for address in self._recommenders:
            found = {sample.name: sample.value for sample in samples(address)}
            if time.time() - found.get(INDEX_MEASURED, 0.0) > 2 * MEASURED_WITHIN:
                return max(1, int(found.get(INDEX_LAG, 1)))
            behind += int(found.get(INDEX_LAG, 0))
        return behind

    def _workers(self) -> list[Sample]:
        return [sample for address in self._track_tokens for sample in samples(address)]

    @staticmethod
    def _sums(name: str, found: Iterable[Sample]) -> dict[tuple[str, str], float]:
        """Return a metric by topic and partition (or reason): each partition is one worker's."""
        sums: dict[tuple[str, str], float] = {}
        for sample in found:
            if sample.name == name:
                key = (sample.labels.get("topic", ""), sample.labels.get("partition", sample.labels.get("reason", "")))
                sums[key] = sums.get(key, 0.0) + sample.value
        return sums


def wait_until_none(left: Callable[[], int], who: str, told: Told) -> None:
    """Return once nothing is left. Raises StackError when that stays as it is for STALLED_SECONDS."""
    before, moved = -1, time.monotonic()
    while now := left():
        told(now)
        if now != before:
            before, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALLED_SECONDS:
            raise StackError(f"{who} has stalled with {now} records to go; its log says why")
        time.sleep(LOOK_SECONDS)
    told(0)
