"""What producers get wrong, one function for each kind, and what looks wrong and is not. Pure: bytes for topics.

Each kind is a record for a listener at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from segue.recommendations import MAX_SEEDS
from services.runtime.topology import CHAT_TURNS, LISTENING_EVENTS, MAX_MESSAGE_BYTES, REQUESTS


class Sending(NamedTuple):
    """A record to send."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    codec: str | None = None


# What producers pack records with.
CODECS = ("gzip", "snappy", "lz4", "zstd")

Kind = Callable[[str, int, datetime], Sending]


def _event(listener_id: str, number: int, now: datetime, **changes: Any) -> Sending:
    event = {
        "event_id": f"poison-{number}",
        "listener_id": listener_id,
        "track_id": "track",
        "action": "LISTENING_ACTION_PLAY_STARTED",
        "event_time": now.isoformat(),
    }
    return Sending(LISTENING_EVENTS.name, listener_id.encode(), orjson.dumps({**event, **changes}))


def _turn(listener_id: str, number: int, now: datetime, **changes: Any) -> Sending:
    turn = {"turn_id": f"turn-{number}", "listener_id": listener_id, "text": "something calm"}
    return Sending(
        CHAT_TURNS.name, listener_id.encode(), orjson.dumps({**turn, "event_time": now.isoformat(), **changes})
    )


def _request(listener_id: str, number: int, now: datetime, **changes: Any) -> Sending:
    request = {"request_id": f"request-{number}", "listener_id": listener_id, "event_time": now.isoformat()}
    return Sending(REQUESTS.name, listener_id.encode(), orjson.dumps({**request, **changes}))


def _raw(value: bytes | None) -> Kind:
    return lambda listener_id, _number, _now: Sending(LISTENING_EVENTS.name, listener_id.encode(), value)


def _changed(kind: Callable[..., Sending], **changes: Any) -> Kind:
    return lambda listener_id, number, now: kind(listener_id, number, now, **changes)


def _dated(kind: Callable[..., Sending], ahead: timedelta) -> Kind:
    return lambda listener_id, number, now: kind(listener_id, number, now + ahead)


def _keyed(key: bytes | None) -> Kind:
    return lambda listener_id, number, now: _event(listener_id, number, now)._replace(key=key)


def _with_headers(kind: Callable[..., Sending], *headers: tuple[str, bytes | None]) -> Kind:
    return lambda listener_id, number, now: kind(listener_id, number, now)._replace(headers=headers)


def _packed(codec: str, kind: Kind) -> Kind:
    return lambda listener_id, number, now: kind(listener_id, number, now)._replace(codec=codec)


def _said(kind: Callable[..., Sending], text: bytes) -> Kind:
    """Put text that no encoder would write behind the last field."""
    return lambda listener_id, number, now: _ending(kind(listener_id, number, now), text)


# A late event needs a newer one of its listener before it.
BAD: Mapping[str, Kind] = {
    "malformed JSON": _raw(b'{"event_id": "e", '),
    "not UTF-8": _raw(b'{"event_id": "\xff\xfe"}'),
    "half a surrogate pair": _raw(b'{"event_id": "\\ud800"}'),
    "null value": _raw(None),
    "empty value": _raw(b""),
    "not an object": _raw(b'["LISTENING_ACTION_LIKED"]'),
    "nested too deep": _raw(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "an unclosed thousand brackets": _raw(b"[" * 5_000),
    "oversize": _changed(_event, note="x" * (MAX_MESSAGE_BYTES + 500_000)),
    "oversize, packed into little": _packed("gzip", _changed(_event, note="x" * (MAX_MESSAGE_BYTES + 500_000))),
    "as large as the topic takes": _raw(b"{" + b" " * (MAX_MESSAGE_BYTES - 2_000)),
    "wrong type: number for text": _changed(_event, track_id=17),
    "wrong type: text for number": _changed(_event, position_seconds="far"),
    "wrong type: object for time": _changed(_event, event_time={"seconds": 1}),
    "unknown action": _changed(_event, action="LISTENING_ACTION_DANCED"),
    "no action": _changed(_event, action="LISTENING_ACTION_UNSPECIFIED"),
    "no event id": _changed(_event, event_id=""),
    "identifier too long": _changed(_event, track_id="t" * 5_000),
    "control characters": _changed(_event, track_id="a\x00b"),
    "negative position": _changed(_event, position_seconds=-1),
    "future": _dated(_event, timedelta(hours=1)),
    "late": _dated(_event, -timedelta(hours=25)),
    "year 1": _changed(_event, event_time="0001-01-01T00:00:00Z"),
    "wrong key": _keyed(b"someone-else"),
    "null key": _keyed(None),
    "empty turn": _changed(_turn, text="  "),
    "turn too long": _changed(_turn, text="la " * 5_000),
    "turn of the future": _dated(_turn, timedelta(hours=1)),
    "wrong filters": _changed(_turn, filters={"exclude_artists": "all"}),
    "too many tracks": _changed(_request, count=100_000),
    "negative count": _changed(_request, count=-1),
    "reply to nowhere": _changed(_request, reply_to={"partition": "first"}),
    "reply to a partition that does not exist": _changed(_request, reply_to={"partition": 1_000_000}),
    "turn with a reply to a partition that does not exist": _changed(_turn, reply_to={"partition": 1_000_000}),
    "an answer that would be too large": _changed(_request, count=100, session_id="s" * (MAX_MESSAGE_BYTES - 5_000)),
    "too many seeds": _changed(_request, seed_track_ids=["track"] * (MAX_SEEDS + 1)),
    "year 1, east of it": _changed(_event, event_time="0001-01-01T00:00:00+14:00"),
    "year 9999, west of it": _changed(_event, event_time="9999-12-31T23:59:59-14:00"),
    "before 1970": _changed(_event, event_time="1969-12-31T23:59:59.999Z"),
    "turn of the year 1": _changed(_turn, event_time="0001-01-01T00:00:00Z"),
    "request of the year 1": _changed(_request, event_time="0001-01-01T00:00:00Z"),
    "request before 1970": _changed(_request, event_time="1969-12-31T23:59:59Z"),
    "a 30th of February": _changed(_event, event_time="2026-02-30T00:00:00Z"),
    "null header in a bad record": _with_headers(_raw(b"{}"), ("trace", None), ("trace", b"\xff")),
    "control characters in the event id": _changed(_event, event_id="a\x1b[31m"),
    "control characters in the request id": _changed(_request, request_id="a\r\nb"),
    "control characters in the session id": _changed(_request, session_id="a\u2028b"),
    "a raw control character": _said(_event, b',"note":"a\x01b"'),
    "text in the other direction": _changed(_event, track_id="a\u202eb"),
    "filters a thousand deep": _said(_request, b',"filters":' + b"[" * 1_000 + b"]" * 1_000),
    "key that is not UTF-8": _keyed(b"\xff\xfe\x80"),
    "empty key": _keyed(b""),
    "NaN": _said(_event, b',"position_seconds":NaN'),
    "Infinity": _said(_event, b',"position_seconds":-Infinity'),
    "NaN as text": _changed(_event, position_seconds="NaN"),
    "Infinity as text": _changed(_event, position_seconds="-Infinity"),
    "beyond the largest number": _said(_event, b',"position_seconds":1e999'),
    "a count beyond 64 bits": _said(_request, b',"count":123456789012345678901234567890'),
    "duplicate keys": _said(_event, b',"track_id":"another"'),
    "duplicate keys, one with an escape": _said(_event, b',"track\\u005fid":"another"'),
    "duplicate keys, deep": _said(_request, b',"filters":{"exclude_heard":true,"exclude_heard":false}'),
}

GOOD: Mapping[str, Kind] = {
    "plain event": _event,
    "unknown fields": _changed(_event, mood="blue", device={"maker": "x", "parts": [1, None, {"a": 1.5}]}),
    "unknown field, 200 deep": lambda listener_id, number, now: _nested(_event(listener_id, number, now), 200),
    "nulls for defaults": _changed(_event, session_id=None, position_seconds=None),
    "other alphabets": _changed(_event, track_id="трек-三-🎵"),
    "late, within the allowance": _dated(_event, -timedelta(hours=1)),
    "null header": _with_headers(_event, ("trace", None)),
    "a text with colons and quotes": _changed(_event, note='"a": "b", "a": "c", {"note": 1}'),
    "turn": _turn,
    "turn with unknown fields": _changed(_turn, mood={"valence": 0.2}),
    "request": _request,
    "request with unknown fields": _changed(_request, client="cli/9"),
    **{f"packed with {codec}": _packed(codec, _event) for codec in CODECS},
}


def _nested(sending: Sending, depth: int) -> Sending:
    return _ending(sending, b',"deep":' + b'{"a":' * depth + b"1" + b"}" * depth)


def _ending(sending: Sending, text: bytes) -> Sending:
    assert sending.value is not None
    return sending._replace(value=sending.value[:-1] + text + b"}")
