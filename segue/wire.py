"""Messages as they lie on the topics: proto3 JSON with the proto's own field names, in UTF-8.

Knows the mapping, not the messages: `segue/events.py` and its siblings declare them, and a contract test holds them
against `protos/`. Two liberties that the proto3 JSON specification leaves to a writer are taken: 64-bit integers are
written as numbers, and fields at their default are left out. Unknown fields are ignored: producers may upgrade first.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import orjson

from segue.errors import MalformedMessage, Violation

T = TypeVar("T", bound=msgspec.Struct)

# Deeper than any message of the schema: what lies below is unknown to it, and hostile nesting ends here.
MAX_DEPTH = 16
# What every key looks like, and now and then a text: as many of these as keys means that no key was lost.
_LIKE_A_KEY = re.compile(rb'"\s*:')


def encode(message: msgspec.Struct) -> bytes:
    """Return the message as proto3 JSON."""
    return orjson.dumps(
        msgspec.to_builtins(message, builtin_types=(datetime,)),
        option=orjson.OPT_UTC_Z,
    )


def decode(value: bytes | None, kind: type[T]) -> T:
    """Return the message of this kind that the bytes hold.

    Raises MalformedMessage when they are absent, no JSON object, name a field twice, or a field has the wrong type.
    """
    if value is None:
        raise MalformedMessage(Violation("", "the value is null; only compacted topics carry tombstones"))
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise MalformedMessage(Violation("", f"not JSON: {error}")) from error
    if len(_LIKE_A_KEY.findall(value)) != _keys(parsed):
        _refuse_duplicate_keys(value)
    return from_builtins(parsed, kind)


def from_builtins(parsed: Any, kind: type[T]) -> T:
    """Return the message of this kind that parsed JSON holds. Raises MalformedMessage."""
    if not isinstance(parsed, dict):
        raise MalformedMessage(Violation("", f"expected a JSON object, got {type(parsed).__name__}"))
    try:
        return msgspec.convert(_without_nulls(parsed), kind, strict=False)
    except msgspec.ValidationError as error:
        description, _, path = str(error).partition(" - at ")
        raise MalformedMessage(Violation(path.strip("`").removeprefix("$").removeprefix("."), description)) from error


def _without_nulls(value: Any, depth: int = 0) -> Any:
    """Return the value without its null members: in proto3 JSON a null is the default."""
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return {key: _without_nulls(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item, depth + 1) for item in value]
    return value


def _keys(parsed: Any) -> int:
    """Return how many keys all objects have."""
    keys, left = 0, [parsed]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            keys += len(value)
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return keys


def _refuse_duplicate_keys(value: bytes) -> None:
    # Five times slower than orjson, which keeps the last of several values without a word.
    try:
        json.loads(value, object_pairs_hook=_unique)
    except RecursionError as error:
        raise MalformedMessage(Violation("", "is nested too deep")) from error


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise MalformedMessage(Violation(name[:100], "is given twice; which one counts is anybody's guess"))
        names.add(name)
