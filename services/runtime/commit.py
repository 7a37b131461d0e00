"""What Faust commits: the newest acknowledged offset of each partition, since acknowledgements come in offset order.

Faust's own reckoning looks for gaps instead. It takes offsets that it has skipped while it seeks to the committed ones
after a start for gaps and counts them as acknowledged: a commit can then pass over records that are not done, and later
ones advance by a single offset at a time. Knows nothing of what acknowledges (`acknowledgement.py` keeps the order).
"""

from __future__ import annotations

from typing import Any

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP


class OrderedConsumer(aiokafka.Consumer):
    """Faust's consumer; what was acknowledged last is what can be committed."""

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


class _Transport(aiokafka.Transport):
    Consumer = OrderedConsumer


class OrderedApp(faust.App):
    """A Faust app whose consumer commits what was acknowledged in order."""

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)
