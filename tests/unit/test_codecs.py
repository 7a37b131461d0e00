"""What any producer may pack its records with, both Kafka libraries unpack."""

from __future__ import annotations

import kafka.codec
import kafka.record
import pytest
from aiokafka import codec as aiokafka_codec
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.runtime.topology import TOPICS

# As Kafka numbers them, https://kafka.apache.org/documentation/#recordbatch.
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
VALUE = b'{"event_id": "e"}' * 300


def packed(number: int) -> bytes:
    batch = DefaultRecordBatchBuilder(2, number, 0, -1, -1, -1, 1 << 20)
    batch.append(0, timestamp=1, key=b"ada", value=VALUE, headers=[])
    return bytes(batch.build())


@pytest.mark.parametrize("codec", CODECS)
def test_a_record_in_each_codec_is_read_by_both_libraries(codec: str) -> None:
    written = packed(CODECS[codec])
    assert (len(written) < len(VALUE)) == (codec != "none")
    assert [record.value for record in MemoryRecords(written).next_batch()] == [VALUE]
    assert [record.value for record in kafka.record.MemoryRecords(written).next_batch()] == [VALUE]


@pytest.mark.parametrize("library", [aiokafka_codec, kafka.codec])
@pytest.mark.parametrize("codec", sorted(CODECS.keys() - {"none"}))
def test_each_library_says_that_it_has_each_codec(library: object, codec: str) -> None:
    assert getattr(library, f"has_{codec}")()


def test_the_broker_measures_every_topics_records_unpacked() -> None:
    assert {topic.broker_config()["compression.type"] for topic in TOPICS} == {"uncompressed"}
