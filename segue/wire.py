"""Messages as they lie on the topics: proto3 JSON with the proto's own field names, in UTF-8.

Knows the mapping, not the messages: `segue/events.py` and its siblings declare them, and a contract test holds them
against `protos/`. Two liberties that the proto3 JSON specification leaves to a writer are taken: 64-bit integers are
written as numbers, and fields at their default are left out. Whatever the specification lets a parser accept is read:
lowerCamelCase too, numbers as texts, enumerators as numbers (`segue/spelling.py`). Unknown fields are ignored:
producers may upgrade first.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import orjson

from segue import spelling
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
    keys, is_own = _keys(parsed, spelling.names(kind))
    if len(_LIKE_A_KEY.findall(value)) != keys:
        _refuse_duplicate_keys(value)
    return _converted(parsed, kind, is_own=is_own)


def from_builtins(parsed: Any, kind: type[T]) -> T:
    """Return the message of this kind that parsed JSON holds. Raises MalformedMessage."""
    return _converted(parsed, kind, is_own=True)


def _converted(parsed: Any, kind: type[T], *, is_own: bool) -> T:
    """Return the message; `is_own` says that no field has another name than Segue's."""
    if not isinstance(parsed, dict):
        raise MalformedMessage(Violation("", f"expected a JSON object, got {type(parsed).__name__}"))
    plain = _without_nulls(parsed)
    if is_own:
        try:
            return msgspec.convert(plain, kind, strict=False)
        except msgspec.ValidationError:
            # It may be the number of an enumerator, which is looked for only now: nobody has to write one.
            pass
    try:
        return msgspec.convert(spelling.own(plain, kind), kind, strict=False)
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


def _keys(parsed: Any, names: frozenset[str]) -> tuple[int, bool]:
    """Return how many keys all objects have, and whether all are among the names."""
    keys, are_names, left = 0, True, [parsed]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            keys += len(value)
            are_names = are_names and value.keys() <= names
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return keys, are_names


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
