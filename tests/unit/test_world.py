from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from segue import wire
from segue.catalog import validate_track
from segue.dataset import Dataset, validate_dialogue, validate_playlist, validate_session
from segue.events import ListeningAction, Message
from segue.world.catalogue import START
from segue.world.simulate import World, WorldSize, write_world
from segue.world.vocabulary import GENRES, THEMES

SAMPLE = Path(__file__).parents[2] / "samples" / "world"
SMALL = WorldSize(tracks=300, listeners=20, playlists=40, dialogues=30, scenes=6, days=120, sessions_per_listener=5)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SMALL, seed=7)


def rows_of(world: World) -> Iterator[Message]:
    yield from world.tracks()
    yield from world.playlists()
    yield from world.sessions()
    yield from world.dialogues()


def fingerprint(rows: Iterable[Message]) -> str:
    return hashlib.sha256(b"\n".join(map(wire.encode, rows))).hexdigest()


def test_the_bundled_sample_is_what_the_simulator_makes() -> None:
    sample, rebuilt = Dataset.open(SAMPLE), World(WorldSize(), seed=1)

    for bundled, made, count in (
        (sample.tracks(), rebuilt.tracks(), 200),
        (sample.playlists(), rebuilt.playlists(), 60),
        (sample.sessions(), rebuilt.sessions(), 150),
        (sample.dialogues(), rebuilt.dialogues(), 60),
    ):
        first, second = list(islice(bundled, count)), list(islice(made, count))
        assert fingerprint(first) == fingerprint(second)
        assert len(first) == count


def test_the_bundled_sample_is_of_the_stated_size_and_below_2_megabytes() -> None:
    sample = Dataset.open(SAMPLE)

    assert sum(1 for _ in sample.tracks()) == 2_000
    assert sum(1 for _ in sample.playlists()) == 1_500
    assert sum(1 for _ in sample.dialogues()) == 500
    assert len({session.listener_id for session in sample.sessions()}) == 500
    assert sum(path.stat().st_size for path in sample.files.values()) < 2_000_000


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    size = WorldSize(tracks=40, listeners=3, playlists=3, dialogues=3, scenes=2)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_world(tmp_path / name, size, seed)

    for file in (path.name for path in (tmp_path / "a").iterdir()):
        first, second, other = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert first == second
        assert first != other


def test_every_row_is_valid_and_names_tracks_that_exist(world: World) -> None:
    known = set()
    for track in world.tracks():
        validate_track(track)
        known.add(track.track_id)
    assert len(known) == SMALL.tracks
    for playlist in world.playlists():
        validate_playlist(playlist)
        assert {entry.track_id for entry in playlist.entries} <= known
    for session in world.sessions():
        validate_session(session)
        assert {event.track_id for event in session.events} <= known
    for dialogue in world.dialogues():
        validate_dialogue(dialogue)
        assert set(dialogue.goal_track_ids) <= known


def test_nothing_is_played_or_listed_before_it_is_released(world: World) -> None:
    released = {track.track_id: track.release_date for track in world.tracks()}

    for playlist in world.playlists():
        for entry in playlist.entries:
            assert entry.added_at is not None
            assert released[entry.track_id] <= entry.added_at.date().isoformat()
    for session in world.sessions():
        for event in session.events:
            assert event.event_time is not None
            # A sitting may go on past midnight.
            assert released[event.track_id] <= event.event_time.date().isoformat()


def test_some_tracks_come_out_while_playlists_are_edited(world: World) -> None:
    new = {track.track_id for track in world.tracks() if track.release_date > START.date().isoformat()}
    listed = {entry.track_id for playlist in world.playlists() for entry in playlist.entries}

    assert 0.05 * SMALL.tracks < len(new) < 0.4 * SMALL.tracks
    assert new & listed


def test_playlists_hold_a_track_once_at_a_time_and_are_pruned(world: World) -> None:
    removals = 0
    for playlist in world.playlists():
        for moment in (START + timedelta(days=day) for day in (30, 90, 119)):
            held = Counter(entry.track_id for entry in playlist.entries if entry.present_at(moment))
            assert set(held.values()) <= {1}
        removals += sum(entry.removed_at is not None for entry in playlist.entries)
    assert removals > 0


def test_sessions_run_forward_in_time_and_end_each_play_in_some_way(world: World) -> None:
    actions: Counter[ListeningAction] = Counter()
    for session in world.sessions():
        times = [event.event_time for event in session.events]
        assert None not in times
        assert times == sorted(time for time in times if time is not None)
        actions.update(event.action for event in session.events)
    assert all(actions[action] > 0 for action in ListeningAction if action is not ListeningAction.UNSPECIFIED)
    assert 0.1 < actions[ListeningAction.PLAY_SKIPPED] / actions[ListeningAction.PLAY_FINISHED] < 1.0


def test_content_tells_of_genre_theme_and_mood(world: World) -> None:
    catalogue = world.catalogue
    tracks = list(world.tracks())

    tagged = [GENRES[catalogue.genre[index]].name in track.tags for index, track in enumerate(tracks) if track.tags]
    sung = [
        any(noun in track.lyrics for noun in THEMES[catalogue.theme[index]].nouns)
        for index, track in enumerate(tracks)
        if track.lyrics
    ]
    heard = [(t.audio_features["loudness_db"], t.audio_features["energy"]) for t in tracks if t.audio_features]

    assert np.mean(tagged) > 0.95
    assert np.mean(sung) > 0.95
    assert np.corrcoef(np.array(heard).T)[0, 1] > 0.8
    assert 0 < sum(not track.tags for track in tracks) < 0.1 * len(tracks)
    assert 0 < sum(not track.audio_features for track in tracks) < 0.1 * len(tracks)


def test_dialogues_like_what_is_of_the_goal_and_nothing_is_shown_twice(world: World) -> None:
    for dialogue in world.dialogues():
        goal = set(dialogue.goal_track_ids)
        shown: set[str] = set()
        for turn in dialogue.turns:
            assert set(turn.liked_track_ids) <= goal
            assert goal.isdisjoint(turn.disliked_track_ids)
            assert {*turn.liked_track_ids, *turn.disliked_track_ids} <= set(turn.recommended_track_ids)
            assert shown.isdisjoint(turn.recommended_track_ids)
            shown.update(turn.recommended_track_ids)
            assert turn.text
            assert turn.reply
        assert len(dialogue.turns) >= 2


def test_recommendations_in_dialogues_get_closer_to_the_goal() -> None:
    liked: dict[int, list[int]] = {0: [], 2: []}
    for dialogue in Dataset.open(SAMPLE).dialogues():
        for number, turn in enumerate(dialogue.turns):
            if number in liked and turn.recommended_track_ids:
                liked[number].append(len(turn.liked_track_ids))

    assert np.mean(liked[2]) > 1.2 * np.mean(liked[0])


def test_people_do_not_all_talk_alike() -> None:
    sample = Dataset.open(SAMPLE)

    texts = [turn.text for dialogue in sample.dialogues() for turn in dialogue.turns]
    openings = [dialogue.turns[0].text for dialogue in sample.dialogues()]

    assert len(set(texts)) > 0.8 * len(texts)
    assert len(set(openings)) > 0.95 * len(openings)


def test_a_world_of_the_smallest_size_holds_together() -> None:
    tiny = World(WorldSize(tracks=10, listeners=1, playlists=1, dialogues=1, scenes=1, days=1), seed=0)

    assert sum(1 for _ in rows_of(tiny)) >= 12
