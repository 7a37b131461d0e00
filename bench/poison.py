"""What producers get wrong, one function for each kind, and what looks wrong and is not. Pure: bytes for topics.

Each kind is a record for a listener at a time: (topic, key, value).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from services.runtime.topology import CHAT_TURNS, LISTENING_EVENTS, MAX_MESSAGE_BYTES, REQUESTS

Sending = tuple[str, bytes | None, bytes | None]
Kind = Callable[[str, int, datetime], Sending]


def _event(listener_id: str, number: int, now: datetime, **changes: Any) -> Sending:
    event = {
        "event_id": f"poison-{number}",
        "listener_id": listener_id,
        "track_id": "track",
        "action": "LISTENING_ACTION_PLAY_STARTED",
        "event_time": now.isoformat(),
    }
    return LISTENING_EVENTS.name, listener_id.encode(), orjson.dumps({**event, **changes})


def _turn(listener_id: str, number: int, now: datetime, **changes: Any) -> Sending:
    turn = {"turn_id": f"turn-{number}", "listener_id": listener_id, "text": "something calm"}
    return CHAT_TURNS.name, listener_id.encode(), orjson.dumps({**turn, "event_time": now.isoformat(), **changes})


def _request(listener_id: str, number: int, now: datetime, **changes: Any) -> Sending:
    request = {"request_id": f"request-{number}", "listener_id": listener_id, "event_time": now.isoformat()}
    return REQUESTS.name, listener_id.encode(), orjson.dumps({**request, **changes})


def _raw(value: bytes | None) -> Kind:
    return lambda listener_id, _number, _now: (LISTENING_EVENTS.name, listener_id.encode(), value)


def _changed(kind: Callable[..., Sending], **changes: Any) -> Kind:
    return lambda listener_id, number, now: kind(listener_id, number, now, **changes)


def _dated(kind: Callable[..., Sending], ahead: timedelta) -> Kind:
    return lambda listener_id, number, now: kind(listener_id, number, now + ahead)


def _keyed(key: bytes | None) -> Kind:
    return lambda listener_id, number, now: (LISTENING_EVENTS.name, key, _event(listener_id, number, now)[2])


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
}

GOOD: Mapping[str, Kind] = {
    "plain event": _event,
    "unknown fields": _changed(_event, mood="blue", device={"maker": "x", "parts": [1, None, {"a": 1.5}]}),
    "unknown field, 200 deep": lambda listener_id, number, now: _nested(_event(listener_id, number, now), 200),
    "nulls for defaults": _changed(_event, session_id=None, position_seconds=None),
    "other alphabets": _changed(_event, track_id="трек-三-🎵"),
    "late, within the allowance": _dated(_event, -timedelta(hours=1)),
    "turn": _turn,
    "turn with unknown fields": _changed(_turn, mood={"valence": 0.2}),
    "request": _request,
    "request with unknown fields": _changed(_request, client="cli/9"),
}


def _nested(sending: Sending, depth: int) -> Sending:
    topic, key, value = sending
    assert value is not None
    return topic, key, value[:-1] + b',"deep":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
