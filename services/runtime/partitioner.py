"""Where a key's records lie: the partition that Kafka's own clients choose for it.

Every topic that is read together has the same number of partitions, so the same key lies in the same one of each.
"""

from __future__ import annotations

from functools import lru_cache

from kafka.partitioner.default import murmur2

from services.runtime.record import PartitionOf


def by_key(partitions: int) -> PartitionOf:
    """Return the partition of a key among so many, as Kafka's default partitioner (murmur2) chooses it."""

    # Keys come again and again, and are ids, so they are short: a megabyte or two.
    @lru_cache(maxsize=16_384)
    def partition_of(key: bytes) -> int:
        return int((murmur2(key) & 0x7FFFFFFF) % partitions)

    return partition_of
