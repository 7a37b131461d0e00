"""Which events were answered, and whether a duplicate says that it is one. Pure: knows what lay on the topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import msgspec

from segue.events import SourceOffset
from services.runtime.acknowledgement import Place


class Emitted(msgspec.Struct, frozen=True):
    """What is needed of a recommendation list to say what it covers; the rest is not read."""

    recommendation_id: str
    listener_id: str
    cause: str = ""
    seen: tuple[SourceOffset, ...] = ()
    degraded: bool = False

    def newest(self, topic: str) -> tuple[int, int] | None:
        """The newest partition and offset of the topic that the list has seen."""
        return next(((at.partition, at.offset) for at in self.seen if at.topic == topic), None)


@dataclass(frozen=True, slots=True)
class Written:
    """An event that the broker has acknowledged."""

    listener_id: str
    place: Place


def decode(value: bytes) -> Emitted:
    """Return what the bytes of a recommendation list cover."""
    return msgspec.json.decode(value, type=Emitted)


def uncovered(written: Iterable[Written], emitted: Iterable[Emitted], dead: Collection[Place] = ()) -> list[Place]:
    """Return the events that no list of their listener has seen and that are no dead letters."""
    newest: defaultdict[tuple[str, str, int], int] = defaultdict(lambda: -1)
    for one in emitted:
        for at in one.seen:
            known = (one.listener_id, at.topic, at.partition)
            newest[known] = max(newest[known], at.offset)
    return [
        event.place
        for event in written
        if newest[event.listener_id, *event.place[:2]] < event.place[2] and event.place not in dead
    ]


def unmarked_duplicates(emitted: Iterable[Emitted]) -> int:
    """Return how many lists repeat what another one of the listener has seen, under an id of their own.

    Of lists that rest on the same positions of every topic, and have the same cause, one id is expected.
    """
    ids: defaultdict[tuple[str, str, tuple[SourceOffset, ...]], set[str]] = defaultdict(set)
    for one in emitted:
        ids[one.listener_id, one.cause, one.seen].add(one.recommendation_id)
    return sum(len(different) - 1 for different in ids.values())
