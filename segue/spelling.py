"""The other spellings that proto3 JSON allows: fields in lowerCamelCase, and enumerators as their numbers.

Segue writes neither; protobuf's own JSON writers, as in Java or Go, write the first unless told otherwise. Knows the
structs' types alone; a contract test holds names and numbers against `protos/`.
https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from segue.errors import MalformedMessage, Violation

_WORD = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    """Return a field's name in lowerCamelCase: listener_id is listenerId."""
    return _WORD.sub(lambda found: found[1].upper(), name)


@cache
def names(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names, as Segue writes them, of all fields of a message and of the messages in it."""
    own = {field.name for field in _fields(kind).values()}
    return frozenset(own.union(*(names(field.part) for field in _fields(kind).values() if field.part)))


def own(parsed: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the parsed message as Segue spells it. Raises MalformedMessage for a field that has both spellings."""
    fields = _fields(kind)
    spelled: dict[str, Any] = {}
    for name, value in parsed.items():
        field = fields.get(name)
        if field is None:
            continue
        if field.name in spelled:
            raise MalformedMessage(Violation(field.name, f"is given twice, as {field.name} and as {camel(field.name)}"))
        spelled[field.name] = (
            [_value(each, field) for each in value] if isinstance(value, list) else _value(value, field)
        )
    return spelled


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a struct; `part` is the message that it holds, `enumerators` are those that it may hold, by number."""

    name: str
    part: type[msgspec.Struct] | None
    enumerators: tuple[Enum, ...]


def _value(value: Any, field: _Field) -> Any:
    if field.part and isinstance(value, dict):
        return own(value, field.part)
    if field.enumerators and type(value) is int:
        return field.enumerators[value].value if 0 <= value < len(field.enumerators) else str(value)
    return value


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, _Field]:
    """The fields of a struct by either spelling."""
    described = [_field(field) for field in msgspec.structs.fields(kind)]
    return {spelling: field for field in described for spelling in (field.name, camel(field.name))}


def _field(field: msgspec.structs.FieldInfo) -> _Field:
    kind = _inner(inspect.type_info(field.type))
    part = kind.cls if isinstance(kind, inspect.StructType) else None
    enumerators = tuple(kind.cls) if isinstance(kind, inspect.EnumType) else ()
    return _Field(field.name, part, enumerators)


def _inner(kind: inspect.Type) -> inspect.Type:
    """What an optional or repeated field holds."""
    if isinstance(kind, inspect.UnionType):
        return next(_inner(each) for each in kind.types if not isinstance(each, inspect.NoneType))
    return _inner(kind.item_type) if isinstance(kind, inspect.VarTupleType) else kind
