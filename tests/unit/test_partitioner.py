"""A key's partition is the one that producers of every library choose by default."""

from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.partitioner import by_key


@given(st.binary(min_size=1, max_size=128), st.integers(1, 64))
def test_it_is_the_partition_of_the_default_partitioner(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert by_key(partitions)(key) == DefaultPartitioner()(key, every, every)


def test_known_keys_lie_where_kafkas_java_client_puts_them() -> None:
    # Hashes from Kafka's own UtilsTest.testMurmur2, made positive.
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {key: by_key(1_000)(key) for key in known} == {
        key: (hash_ & 0x7FFFFFFF) % 1_000 for key, hash_ in known.items()
    }
