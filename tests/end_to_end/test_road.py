"""The whole road on the whole stack: in over gRPC and Kafka, folded, ranked, and out on the topic and to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local import LocalStack, StackConfig, guard
from deploy.local.triton import SHARED_MEMORY
from segue import session as sessions
from segue import wire
from segue.catalog import Track, TrackDescription
from segue.client import Client
from segue.errors import RequestFailed
from segue.events import Filters, ListeningAction, ListeningEvent, PlaylistAction, PlaylistEvent
from segue.recommendations import RecommendationCause, RecommendationList, RecommendedTrack
from segue.session import Position, Session
from services.runtime.topology import DEAD_LETTER, LISTENING_EVENTS
from tests.end_to_end.road_stage import SECONDS, Road, eventually, metrics, newcomer, played

PARTS = ("kafka", "triton", "gateway", "sessions", "track_tokens")
# What every process of ours tells; on top of it each has its own.
OWN_FAMILIES = {
    "recommender": {
        "segue_index_lag",
        "segue_index_tokens",
        "segue_index_apply_seconds",
        "segue_index_age_seconds",
        "segue_index_info",
        "segue_ready",
    },
    "gateway": {
        "segue_gateway_requests",
        "segue_gateway_request_seconds",
        "segue_gateway_published",
        "segue_gateway_publish_seconds",
        "segue_gateway_degraded",
        "segue_gateway_waiting_requests",
        "segue_ready",
    },
    "sessions": {
        "segue_events",
        "segue_recommendations",
        "segue_recommendation_age_seconds",
        "segue_recommendation_log_age_seconds",
        "segue_model_call_seconds",
        "segue_queue_depth",
        "segue_consumer_lag",
        "segue_state_bytes",
        "segue_dead_letters",
        "segue_model_info",
        "segue_ready",
    },
    "track_tokens": {
        "segue_events",
        "segue_track_tokens_published",
        "segue_track_tokens_age_seconds",
        "segue_model_call_seconds",
        "segue_queue_depth",
        "segue_consumer_lag",
        "segue_state_bytes",
        "segue_dead_letters",
        "segue_ready",
    },
}

# The whole stack starts and is used as a listener would; a machine that is busy with other things takes its time.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Iterator[Road]:
    config = StackConfig.for_tests(
        tmp_path_factory.mktemp("road"),
        checkpoint=checkpoint,
        start_seconds=300.0,
        # A busy machine must not make answers degraded: what is tested here is who says what, not when.
        service_environment={"SEGUE_MODEL_TIMEOUT": "PT30S"},
    )
    stack = LocalStack(config)
    stack.start()
    try:
        opened = Road(stack)
        yield opened
        opened.close()
    finally:
        name, processes = stack._name, stack.processes
        stack.stop()
    # Here, because it is true of every run of every test above.
    assert set(processes) == set(PARTS), "a part of the stack ended while it was used"
    assert stack.processes == {}
    assert not list(guard.marked(name))
    assert not list(SHARED_MEMORY.glob(f"{name}*"))


def test_events_over_grpc_are_answered_to_whoever_watches(road: Road) -> None:
    listener = newcomer()
    lists = road.client.watch(listener, timeout=SECONDS)
    road.play(listener, *road.tracks[:3])
    first = next(lists)
    lists.close()
    assert (first.listener_id, first.cause, first.degraded) == (listener, RecommendationCause.LISTENING, False)
    assert len(first.tracks) == 10
    assert all(track.title and track.reasons and track.reasons[0].text for track in first.tracks)
    assert {track.track_id for track in first.tracks} <= set(road.tracks)


def test_events_straight_on_the_topic_give_recommendations_on_the_topic(road: Road) -> None:
    listener = newcomer()
    event = played(listener, road.tracks[0])
    road.send(LISTENING_EVENTS.name, listener, wire.encode(event))
    (answer,) = eventually(lambda: road.lists(listener))
    assert answer.cause is RecommendationCause.LISTENING
    assert answer.event_time == event.event_time
    assert answer.tracks
    assert answer.recommendation_id.startswith("listening-events-")
    assert [seen.topic for seen in answer.seen] == [LISTENING_EVENTS.name]


def test_scores_are_the_sums_of_their_parts_and_descend(road: Road) -> None:
    answer = road.client.recommend(newcomer(), seed_track_ids=road.tracks[:2])
    for track in answer.tracks:
        assert track.score == pytest.approx(sum(part.value for part in track.parts), abs=1e-4)
    assert [track.score for track in answer.tracks] == sorted((track.score for track in answer.tracks), reverse=True)


def test_an_answer_has_seen_what_its_caller_recorded_just_before(road: Road) -> None:
    listener = newcomer()
    heard: list[str] = []
    for track in road.tracks[10:40]:
        road.play(listener, track)
        heard.append(track)
        answer = road.client.recommend(listener, count=100, filters=Filters(exclude_heard=True))
        assert not answer.degraded
        assert not set(heard) & {each.track_id for each in answer.tracks}, f"{len(heard)} tracks were recorded before"


def test_a_turn_is_answered_with_tracks_and_then_with_words(road: Road) -> None:
    listener = newcomer()
    parts = list(road.client.converse(listener, "something calm, please", count=5))
    answer, *reply = parts
    assert isinstance(answer, RecommendationList)
    assert (answer.cause, answer.degraded, len(answer.tracks)) == (RecommendationCause.CHAT, False, 5)
    assert reply
    assert all(isinstance(piece, str) for piece in reply)
    assert "".join(map(str, reply)) == answer.reply_text
    (said,) = road.client.get_session(listener).turns
    assert said.text == "something calm, please"


def test_a_turn_rests_on_the_list_before_it(road: Road) -> None:
    listener = newcomer()
    first = road.client.say(listener, "something calm under four minutes", count=5)
    then = road.client.say(listener, "the second one, more of that", count=5)
    assert "more like what you liked" in then.reply_text.casefold()
    assert not {each.track_id for each in first.tracks} & {each.track_id for each in then.tracks}
    why = road.client.say(listener, "why the first one?")
    assert [each.track_id for each in why.tracks] == [then.tracks[0].track_id]


def test_a_place_is_explained_by_what_the_session_holds(road: Road) -> None:
    listener = newcomer()
    for track in road.tracks[:4]:
        road.play(listener, track)
    place = road.client.recommend(listener, count=10).tracks[3]
    explained = road.client.explain(listener, place.track_id)
    assert explained.track is not None
    assert (explained.track.track_id, explained.rank) == (place.track_id, 4)
    assert all(each.rank != 4 for each in explained.counterfactuals)
    with pytest.raises(RequestFailed) as error:
        road.client.explain(listener, "no-such-track")
    assert error.value.status == "NOT_FOUND"


def test_the_session_is_the_fold_of_what_was_recorded(road: Road) -> None:
    listener = newcomer()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    actions = [action for action in ListeningAction if action is not ListeningAction.UNSPECIFIED]
    events = [
        ListeningEvent(
            event_id=f"{listener}-{number}",
            listener_id=listener,
            session_id="evening",
            track_id=road.tracks[number % 7],
            action=actions[number % len(actions)],
            # Not in order: every third one is told late.
            event_time=start + timedelta(seconds=10 * number - (45 if number % 3 == 0 else 0)),
            position_seconds=float(number),
        )
        for number in range(80)
    ]
    road.client.record_events(events)
    told = road.client.get_session(listener)
    expected = Session(listener)
    for number, event in enumerate(events):
        at = Position(LISTENING_EVENTS.name, 0, number, sessions.to_ms(datetime.now(UTC)))
        expected = sessions.apply(expected, event, at, sessions.FoldRules())
    assert told.events == sessions.snapshot(expected).events
    assert len(told.events) == sessions.MAX_EVENTS


def test_an_event_told_twice_counts_once(road: Road) -> None:
    listener = newcomer()
    event = ListeningEvent(f"{listener}-1", listener, "", road.tracks[0], ListeningAction.LIKED, datetime.now(UTC))
    for _ in range(3):
        road.client.record_events([event])
    road.send(LISTENING_EVENTS.name, listener, wire.encode(event))
    assert [each.event_id for each in road.client.get_session(listener).events] == [event.event_id]


def test_a_new_track_is_recommended_once_it_is_in_the_catalogue_and_gone_once_it_is_removed(road: Road) -> None:
    track = Track(f"new-{uuid4().hex[:8]}", "Quartzine Vesperal", ("The Newcomers",), tags=("quartzine",))
    # Where all others are left out it does not matter how popular they are.
    others = Filters(exclude_artists=tuple({artist for known in road.catalogue for artist in known.artists}))

    def recommended() -> dict[str, str]:
        return {each.track_id: each.title for each in road.client.recommend(newcomer(), filters=others).tracks}

    assert recommended() == {}
    road.client.upsert_tracks([track])
    assert eventually(recommended) == {track.track_id: track.title}
    road.client.upsert_tracks(removed_track_ids=[track.track_id])
    eventually(lambda: not recommended())


def test_a_track_that_playlists_put_beside_another_gains_for_who_hears_that_one(road: Road) -> None:
    heard = road.tracks[50]

    def closeness() -> dict[str, float]:
        answer = road.client.recommend(newcomer(), count=100, seed_track_ids=[heard])
        return {each.track_id: _part(each, "neighbours") for each in answer.tracks}

    before = closeness()
    stranger = min(before, key=lambda track_id: before[track_id])
    now = datetime.now(UTC) - timedelta(minutes=5)
    road.client.record_events(
        PlaylistEvent(uuid4().hex, f"{stranger}-{number}", PlaylistAction.TRACK_ADDED, track_id, now)
        for number in range(6)
        for track_id in (heard, stranger)
    )
    eventually(lambda: closeness().get(stranger, 0.0) > before[stranger])


def test_a_track_is_told_by_name_with_what_playlists_have_just_said_of_it(road: Road) -> None:
    track = Track(f"new-{uuid4().hex[:8]}", "Basaltine Aubade", ("The Described",), tags=("folk",))

    def told(*, beside: bool = False) -> list[TrackDescription]:
        with suppress(RequestFailed):
            found = road.client.get_track(track.track_id)
            return [found] if found.neighbours or not beside else []
        return []

    with pytest.raises(RequestFailed) as unknown:
        road.client.get_track(track.track_id)
    assert unknown.value.status == "NOT_FOUND"
    known = road.client.get_track(road.tracks[7])
    assert known.recommendable
    assert all(code.name for code in known.codes)
    assert "playlist" in {code.modality for code in known.codes}
    road.client.upsert_tracks([track])
    (content,) = eventually(told)
    assert (content.track, content.recommendable, content.neighbours) == (track, True, ())
    playlist, now = f"beside-{track.track_id}", datetime.now(UTC) - timedelta(minutes=5)
    road.client.record_events(
        PlaylistEvent(uuid4().hex, playlist, PlaylistAction.TRACK_ADDED, track_id, now)
        for track_id in (road.tracks[7], track.track_id)
    )
    (described,) = eventually(lambda: told(beside=True))
    assert [near.track_id for near in described.neighbours] == [road.tracks[7]]
    assert described.version > content.version
    road.client.upsert_tracks(removed_track_ids=[track.track_id])
    eventually(lambda: not told())


def test_filters_are_obeyed_all_the_way(road: Road) -> None:
    listener = newcomer()
    road.play(listener, *road.tracks[:5])
    free = road.client.recommend(listener, count=100)
    ids = tuple(track.track_id for track in free.tracks[:3])
    artists = tuple({artist for track in free.tracks[3:6] for artist in track.artists})
    answer = road.client.recommend(
        listener,
        count=100,
        filters=Filters(
            exclude_track_ids=ids, exclude_artists=artists, exclude_explicit=True, exclude_heard=True, max_per_artist=1
        ),
    )
    explicit = {track.track_id for track in road.catalogue if track.explicit}
    found = {track.track_id for track in answer.tracks}
    named = [artist for track in answer.tracks for artist in track.artists]
    assert found
    assert not found & {*ids, *road.tracks[:5], *explicit}
    assert not set(named) & set(artists)
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda client: client.recommend(""), "listener_id"),
        (lambda client: client.recommend("ada", count=101), "count"),
        (lambda client: client.say("ada", "   "), "text"),
        (lambda client: client.record_events([played("ada", "")]), "listening_events[0].track_id"),
        (
            lambda client: client.record_events(
                [ListeningEvent("", "ada", "", "t", ListeningAction.LIKED, datetime.now(UTC) + timedelta(days=1))]
            ),
            "listening_events[0].event_time",
        ),
        (lambda client: client.upsert_tracks([Track("t")]), "tracks[0].title"),
        (lambda client: client.get_session("x" * 200), "listener_id"),
    ],
)
def test_bad_input_is_refused_with_the_field_that_is_wrong(
    road: Road, call: Callable[[Client], object], field: str
) -> None:
    with pytest.raises(RequestFailed) as refused:
        call(road.client)
    assert refused.value.status == "INVALID_ARGUMENT"
    assert field in {violation.field for violation in refused.value.violations}
    assert refused.value.request_id


def test_a_bad_record_is_dead_lettered_and_the_next_one_answered(road: Road) -> None:
    listener = newcomer()
    road.send(LISTENING_EVENTS.name, listener, b'{"listener_id": 7')
    road.send(LISTENING_EVENTS.name, listener, wire.encode(played(listener, road.tracks[0])))
    eventually(lambda: road.lists(listener))
    assert eventually(lambda: road.records(DEAD_LETTER.name, listener)) == [b'{"listener_id": 7']


def test_every_process_tells_what_is_promised_and_names_nobody(road: Road) -> None:
    listener = newcomer()
    road.play(listener, road.tracks[0])
    road.client.recommend(listener)
    for part, promised in OWN_FAMILIES.items():
        families = metrics(getattr(road.config, f"{part}_metrics_port"))
        assert promised <= set(families), f"{part} lacks {promised - set(families)}"
        named = {value for labels in families.values() for value in labels}
        assert not any(value.startswith("listener-") or value in road.tracks for value in named)
    triton = metrics(road.config.triton_metrics_port)
    assert {"nv_inference_request_success", "nv_inference_count"} <= set(triton)
    requests = metrics(road.config.gateway_metrics_port)["segue_gateway_requests"]
    assert {"Recommend", "OK", "INVALID_ARGUMENT"} <= requests


def test_every_service_of_the_gateway_is_healthy(road: Road) -> None:
    assert set(road.client.health().values()) == {"SERVING"}


def _part(track: RecommendedTrack, name: str) -> float:
    return next(part.value for part in track.parts if part.name == name)
