"""Whether structs, schema and generated code agree. Needs the compilers of the development environment, no server."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from subprocess import run
from typing import Any

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from msgspec import inspect

from segue import catalog, events, recommendations
from segue.v1 import events_pb2, recommendations_pb2, tracks_pb2

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
FILES = (events_pb2.DESCRIPTOR, recommendations_pb2.DESCRIPTOR, tracks_pb2.DESCRIPTOR)
MESSAGES: dict[str, Descriptor] = {name: found for file in FILES for name, found in file.message_types_by_name.items()}
ENUMS: dict[str, EnumDescriptor] = {name: found for file in FILES for name, found in file.enum_types_by_name.items()}

# The one message whose struct has a name of its own: `segue.session.Session` is the state behind it.
OTHER_NAMES = {"Session": "SessionSnapshot"}

SCALARS: dict[int, tuple[Any, object]] = {
    FieldDescriptor.TYPE_STRING: (inspect.StrType(), ""),
    FieldDescriptor.TYPE_BOOL: (inspect.BoolType(), False),
    FieldDescriptor.TYPE_DOUBLE: (inspect.FloatType(), 0.0),
    FieldDescriptor.TYPE_UINT32: (inspect.IntType(ge=0, lt=2**32), 0),
    FieldDescriptor.TYPE_INT64: (inspect.IntType(), 0),
}


def struct_of(message: str) -> type[msgspec.Struct]:
    """The struct that mirrors a message of the schema."""
    name = OTHER_NAMES.get(message, message)
    found: type[msgspec.Struct] = next(
        getattr(module, name) for module in (events, recommendations, catalog) if hasattr(module, name)
    )
    return found


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_struct_has_the_fields_of_its_message_in_order(name: str) -> None:
    assert list(struct_of(name).__struct_fields__) == [field.name for field in MESSAGES[name].fields]


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_struct_has_the_types_and_defaults_of_its_message(name: str) -> None:
    info = inspect.type_info(struct_of(name))
    assert isinstance(info, inspect.StructType)
    for field, declared in zip(info.fields, MESSAGES[name].fields, strict=True):
        kind, default = expected(declared)
        assert simplified(field.type) == simplified(kind), f"{name}.{field.name}"
        given = field.default_factory() if callable(field.default_factory) else field.default
        assert given == default, f"the default of {name}.{field.name}"


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_an_enum_has_the_enumerators_of_its_schema(name: str) -> None:
    mirrored = next(getattr(module, name) for module in (events, recommendations) if hasattr(module, name))
    assert issubclass(mirrored, StrEnum)
    assert [str(value) for value in mirrored] == [value.name for value in ENUMS[name].values]


def test_every_struct_of_the_schema_modules_is_in_the_schema() -> None:
    mirrored = {OTHER_NAMES.get(name, name) for name in MESSAGES}
    declared = {
        name
        for module in (events, recommendations, catalog)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, events.Message) and value is not events.Message
    }
    assert declared == mirrored


def test_generated_code_is_up_to_date(tmp_path: Path) -> None:
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    out = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", *out, *sources], check=True, cwd=PROTOS)
    generated = {path.name: path.read_text() for path in (tmp_path / "segue" / "v1").iterdir()}
    # A file without services gets gRPC code that holds nothing.
    wanted = {name: text for name, text in generated.items() if not name.endswith("_grpc.py") or "Stub" in text}
    for name, text in wanted.items():
        assert (ROOT / "segue" / "v1" / name).read_text() == text, f"segue/v1/{name} is out of date: run `make protos`"
    kept = {path.name for path in (ROOT / "segue" / "v1").glob("*_pb2*")}
    assert kept == wanted.keys()


def test_the_schema_passes_bufs_lint() -> None:
    buf = Path(sys.executable).with_name("buf")
    result = run([buf, "lint"], cwd=PROTOS, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def expected(field: FieldDescriptor) -> tuple[inspect.Type, object]:
    """The type and default that a field's struct must have."""
    if field.message_type and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return inspect.DictType(single(key), single(value)), {}
    if field.is_repeated:
        return inspect.VarTupleType(single(field)), ()
    if field.has_presence:
        return inspect.UnionType((single(field), inspect.NoneType())), None
    if field.enum_type:
        values = single(field).cls
        return single(field), values.UNSPECIFIED
    return SCALARS[field.type]


def single(field: FieldDescriptor) -> Any:
    """The type of one value of a field."""
    if field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
        return inspect.DateTimeType(tz=True)
    if field.message_type:
        return inspect.type_info(struct_of(field.message_type.name))
    if field.enum_type:
        name = field.enum_type.name
        return inspect.EnumType(
            next(getattr(module, name) for module in (events, recommendations) if hasattr(module, name))
        )
    return SCALARS[field.type][0]


def simplified(kind: inspect.Type) -> object:
    """The type without what may differ: the order of a union, and the fields of a struct, which have a test each."""
    if isinstance(kind, inspect.StructType):
        return kind.cls
    if isinstance(kind, inspect.UnionType):
        return frozenset(map(str, map(simplified, kind.types)))
    if isinstance(kind, inspect.VarTupleType):
        return "repeated", simplified(kind.item_type)
    if isinstance(kind, inspect.Metadata):
        return simplified(kind.type)
    return kind
