"""Messages as protobuf, and back: the same structs as on the topics, for whoever speaks gRPC.

Knows the mapping, not the messages and not gRPC. Field names and enumerators are the proto's own, which a contract test
holds, so that no message needs code of its own here.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeVar

import msgspec
from google.protobuf import json_format, message

from segue import wire
from segue.errors import MalformedMessage, Violation

P = TypeVar("P", bound=message.Message)
T = TypeVar("T", bound=msgspec.Struct)

_UNSERIALIZABLE = re.compile(r"Failed to serialize (?P<field>\w+) field: (?P<description>.*)", re.DOTALL)


def to_protobuf(struct: msgspec.Struct, kind: type[P]) -> P:
    """Return the struct as protobuf. Raises MalformedMessage when a value does not fit its protobuf type."""
    try:
        return kind(**msgspec.to_builtins(struct, builtin_types=(datetime,)))
    except (TypeError, ValueError) as error:
        raise MalformedMessage(Violation("", f"no {kind.DESCRIPTOR.name}: {error}")) from error


def from_protobuf(protobuf: message.Message, kind: type[T]) -> T:
    """Return the struct of this kind that the protobuf holds. Raises MalformedMessage, as `wire.decode` does."""
    try:
        parsed = json_format.MessageToDict(protobuf, preserving_proto_field_name=True)
    except json_format.Error as error:
        found = _UNSERIALIZABLE.fullmatch(str(error))
        field, description = (found["field"], found["description"]) if found else ("", str(error))
        raise MalformedMessage(Violation(field, description)) from error
    return wire.from_builtins(parsed, kind)
