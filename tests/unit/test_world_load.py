from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import pytest

from segue.events import ListeningAction, ListeningEvent, validate_listening_event
from segue.world.load import ListeningLoad

TRACKS = tuple(f"track-{number}" for number in range(500))
NOW = datetime(2025, 1, 1, tzinfo=UTC)


def first(events: int, load: ListeningLoad) -> list[ListeningEvent]:
    return list(islice(load.events(NOW + timedelta(milliseconds=number) for number in count()), events))


def test_the_load_goes_on_as_long_as_times_are_given() -> None:
    events = first(3_000, ListeningLoad(TRACKS, listeners=50))

    assert len({event.event_id for event in events}) == 3_000
    assert set(Counter(event.listener_id for event in events).values()) == {60}
    for event in events:
        validate_listening_event(event)


def test_an_event_is_known_by_its_number_alone() -> None:
    load, again = (ListeningLoad(TRACKS, listeners=7, seed=3) for _ in range(2))

    assert first(100, load)[40:] == list(
        again.events((NOW + timedelta(milliseconds=n) for n in range(40, 100)), first=40)
    )


def test_another_seed_is_another_load() -> None:
    ids, others = ({event.event_id for event in first(100, ListeningLoad(TRACKS, 5, seed))} for seed in (1, 2))

    assert ids.isdisjoint(others)


def test_each_play_starts_before_it_ends_in_one_of_the_ways() -> None:
    by_listener: dict[str, list[ListeningEvent]] = defaultdict(list)
    for event in first(4_000, ListeningLoad(TRACKS, listeners=20)):
        by_listener[event.listener_id].append(event)

    for events in by_listener.values():
        for start, end in zip(events[::2], events[1::2], strict=True):
            assert start.action is ListeningAction.PLAY_STARTED
            assert end.action not in (ListeningAction.PLAY_STARTED, ListeningAction.UNSPECIFIED)
            assert (start.track_id, start.session_id) == (end.track_id, end.session_id)
    assert {event.action for events in by_listener.values() for event in events} == set(ListeningAction) - {
        ListeningAction.UNSPECIFIED
    }


def test_a_listener_keeps_to_a_neighbourhood_of_the_catalogue() -> None:
    events = [event for event in first(20_000, ListeningLoad(TRACKS, listeners=10)) if event.listener_id.endswith("3")]

    often = Counter(event.track_id for event in events).most_common(20)

    assert sum(plays for _, plays in often) > 0.7 * len(events)


def test_a_load_without_tracks_or_listeners_is_refused() -> None:
    for tracks, listeners in (((), 5), (TRACKS, 0)):
        with pytest.raises(ValueError, match="needs tracks and listeners"):
            ListeningLoad(tracks, listeners)
