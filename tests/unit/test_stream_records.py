"""The record behind a Faust event, as it lies in the log."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.runtime import stream


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (None, ()),
        ([], ()),
        ([("trace", b"1"), ("trace", None)], (("trace", b"1"), ("trace", None))),
        ({"trace": None}, (("trace", None),)),
    ],
)
def test_headers_are_kept_as_they_are_those_without_a_value_too(headers: Any, expected: Any) -> None:
    message = SimpleNamespace(
        topic="requests", partition=1, offset=2, timestamp=1.5, key=b"ada", value=None, headers=headers
    )
    event: Any = SimpleNamespace(message=message)
    record = stream.record_of(event)
    assert record.headers == expected
    assert (record.place, record.time_ms, record.value) == (("requests", 1, 2), 1_500, None)
