"""What callers of the gateway have written, and what it refuses to write, on a real broker."""

from __future__ import annotations

import pytest

from deploy.local import StackConfig
from segue import wire
from segue.catalog import Track
from segue.client import Client
from segue.errors import RequestFailed
from segue.events import ListeningAction, ListeningEvent, PlaylistAction, PlaylistEvent
from services.runtime.topology import CATALOG, LISTENING_EVENTS, PLAYLIST_EVENTS
from tests.integration.gateway_stage import (
    Gateway,
    records,
    until,
)

LIKED = ListeningEvent(listener_id="l", track_id="t", action=ListeningAction.LIKED)


def test_events_lie_in_the_log_when_the_call_returns(client: Client, kafka: StackConfig) -> None:
    added = PlaylistEvent("added", "p", PlaylistAction.TRACK_ADDED, "t")
    events = [LIKED, ListeningEvent("mine", "l", track_id="u", action=ListeningAction.PLAY_STARTED)]
    listening, playlist = sorted(client.record_events([*events, added]), key=lambda at: at.topic)
    assert (listening.topic, playlist.topic) == (LISTENING_EVENTS.name, PLAYLIST_EVENTS.name)
    *_, (_, generated), (key, own) = records(kafka, listening)
    assert key == b"l"
    assert wire.decode(own, ListeningEvent).event_id == "mine"
    event = wire.decode(generated, ListeningEvent)
    assert event.event_id
    assert event.event_time is not None
    *_, (key, edit) = records(kafka, playlist)
    assert key == b"p"
    assert wire.decode(edit, PlaylistEvent).track_id == "t"


def test_nothing_to_write_is_written_at_once(client: Client) -> None:
    assert client.record_events([]) == client.upsert_tracks() == ()


def test_a_full_batch_keeps_its_order(client: Client, kafka: StackConfig) -> None:
    ids = [f"batch-{number}" for number in range(1_000)]
    (written,) = client.record_events(
        [ListeningEvent(name, "batch", track_id="t", action=ListeningAction.LIKED) for name in ids]
    )
    found = [wire.decode(value, ListeningEvent).event_id for key, value in records(kafka, written) if key == b"batch"]
    assert found == ids


def test_nothing_of_a_call_with_a_bad_event_is_written(client: Client, gateway: Gateway) -> None:
    series = 'segue_gateway_published_total{outcome="acknowledged",topic="listening-events"}'
    before = gateway.metric(series)
    with pytest.raises(RequestFailed) as caught:
        client.record_events([LIKED, ListeningEvent(listener_id="l", action=ListeningAction.LIKED)])
    assert caught.value.status == "INVALID_ARGUMENT"
    assert [violation.field for violation in caught.value.violations] == ["listening_events[1].track_id"]
    until(lambda: caught.value.request_id in gateway.log.read_text(), "the failure is logged under its request id")
    assert gateway.metric(series) == before


def test_a_thousand_violations_still_make_a_readable_error(client: Client) -> None:
    with pytest.raises(RequestFailed) as caught:
        client.record_events([ListeningEvent(event_id="e" * 1_000)] * 1_000)
    assert caught.value.status == "INVALID_ARGUMENT"
    assert "more" in str(caught.value)
    assert caught.value.violations


def test_tracks_and_tombstones_lie_in_the_catalogue(client: Client, kafka: StackConfig) -> None:
    (written,) = client.upsert_tracks([Track("kept", "Kept")])
    assert list(records(kafka, written))[-1] == (b"kept", wire.encode(Track("kept", "Kept")))
    (removed,) = client.upsert_tracks([], ["kept"])
    assert (removed.topic, removed.partition) == (CATALOG.name, written.partition)
    assert list(records(kafka, removed))[-1] == (b"kept", None)


def test_a_track_too_large_for_the_log_is_the_callers_error(client: Client) -> None:
    features = {f"{number}{'𝄞' * 490}": 1.0 for number in range(512)}  # four bytes each
    with pytest.raises(RequestFailed) as caught:
        client.upsert_tracks([Track("small", "Title"), Track("large", "Title", audio_features=features)])
    assert caught.value.status == "INVALID_ARGUMENT"
    assert "1000000" in str(caught.value)
