from __future__ import annotations

from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from segue.catalog import Track
from segue.dataset import Dataset, Playlist, PlaylistEntry, write_dataset
from segue.errors import DatasetError
from segue.session import to_ms
from segue.training.synthesis.goals import draw_plans
from segue.training.synthesis.plan import Act, Aspect, DialoguePlan, Facet, Request
from segue.training.synthesis.themes import spoken_name, telling_runs
from tests.unit.synthesis_shelves import START, poor, world


@pytest.fixture(scope="module")
def rich() -> Dataset:
    return world()


@pytest.fixture(scope="module")
def rich_plans(rich: Dataset) -> list[DialoguePlan]:
    return list(draw_plans(rich, 300, seed=3))


def _true_of(facet: Facet, track: Track) -> bool:
    """Whether the catalogue itself says so; other aspects are judged by statistics and count as true."""
    match facet.aspect:
        case Aspect.TAG:
            return facet.value in track.tags
        case Aspect.ARTIST:
            return facet.value in track.artists
        case Aspect.ALBUM:
            return facet.value == track.album
        case Aspect.ERA:
            return track.release_date[:3] == facet.value[:3]
        case Aspect.THEME:
            return facet.value in track.lyrics.casefold()
    return True


def _standing_requests(plan: DialoguePlan) -> list[Request]:
    """The request of each turn; one that only wants more means the one before."""
    requests: list[Request] = []
    for turn in plan.turns:
        bare = turn.request.act is Act.MORE and not turn.request.facets
        requests.append(requests[-1] if bare else turn.request)
    return requests


def test_what_is_asked_is_true_of_every_track_that_is_liked(rich: Dataset, rich_plans: list[DialoguePlan]) -> None:
    tracks = {track.track_id: track for track in rich.tracks()}
    for plan in rich_plans:
        for turn, request in zip(plan.turns, _standing_requests(plan), strict=True):
            artists = [facet for facet in request.facets if facet.aspect is Aspect.ARTIST]
            for track in map(tracks.__getitem__, turn.liked_track_ids):
                assert all(_true_of(facet, track) for facet in request.facets if facet.aspect is not Aspect.ARTIST)
                assert not artists or any(_true_of(facet, track) for facet in artists)
                refused = [
                    facet for facet in request.without if facet.aspect in {Aspect.TAG, Aspect.ARTIST, Aspect.ERA}
                ]
                assert not any(_true_of(facet, track) for facet in refused if track.release_date or facet.value)


def test_disliked_tracks_lack_the_tag_era_or_artist_that_was_asked(
    rich: Dataset, rich_plans: list[DialoguePlan]
) -> None:
    tracks = {track.track_id: track for track in rich.tracks()}
    checked = 0
    for plan in rich_plans:
        for turn in plan.turns:
            facets = turn.request.facets
            plain = len(facets) == 1 and facets[0].aspect in {Aspect.TAG, Aspect.ERA, Aspect.ARTIST}
            if plain and not turn.request.without and not turn.request.shifts:
                for track_id in turn.disliked_track_ids:
                    checked += 1
                    assert not _true_of(facets[0], tracks[track_id])

    assert checked > 20


def test_liked_tracks_are_a_stretch_of_one_playlist_in_its_order(rich: Dataset, rich_plans: list[DialoguePlan]) -> None:
    orders = [
        list(dict.fromkeys(entry.track_id for entry in sorted(each.entries, key=lambda it: it.added_at or START)))
        for each in rich.playlists()
    ]
    for plan in rich_plans:
        liked = [track_id for turn in plan.turns for track_id in turn.liked_track_ids]
        assert any(
            order[start : start + len(liked)] == liked
            for order in orders
            if liked[0] in order
            for start in [order.index(liked[0])]
        )


def test_turns_have_one_to_four_liked_tracks_and_show_all_that_is_rated(rich_plans: list[DialoguePlan]) -> None:
    for plan in rich_plans:
        for turn in plan.turns:
            shown = [track.track_id for track in turn.shown]
            assert turn.request.act is Act.CLOSE or 1 <= len(turn.liked_track_ids) <= 4
            assert sorted(shown) == sorted([*turn.liked_track_ids, *turn.disliked_track_ids])
            assert turn.request.count in {None, len(turn.liked_track_ids)}


def test_feedback_points_at_the_place_where_the_track_stood(rich_plans: list[DialoguePlan]) -> None:
    said = 0
    for plan in rich_plans:
        for before, turn in zip(plan.turns, plan.turns[1:], strict=False):
            for feedback in turn.feedback:
                said += 1
                assert before.shown[feedback.place - 1] == feedback.track
                assert feedback.liked == (feedback.track.track_id in before.liked_track_ids)
                assert feedback.of == len(before.shown)

    assert said > 100


def test_every_way_of_asking_occurs(rich_plans: list[DialoguePlan]) -> None:
    turns = [turn for plan in rich_plans for turn in plan.turns]

    assert {turn.request.act for turn in turns} == set(Act)
    assert {facet.aspect for turn in turns for facet in turn.request.facets} == set(Aspect)
    assert any(turn.request.shifts for turn in turns)
    assert any(turn.request.without for turn in turns)
    assert any(turn.request.count for turn in turns)


def test_a_correction_follows_something_disliked_and_names_it(rich_plans: list[DialoguePlan]) -> None:
    corrections = 0
    for plan in rich_plans:
        for before, turn in zip(plan.turns, plan.turns[1:], strict=False):
            if turn.request.act is Act.CORRECT:
                corrections += 1
                assert turn.request.like is not None
                assert turn.request.like.track_id in before.disliked_track_ids
                assert turn.request.like in [feedback.track for feedback in turn.feedback if not feedback.liked]

    assert corrections > 10


def test_titles_and_artists_are_enough(tmp_path: Path) -> None:
    plans = list(draw_plans(poor(tmp_path), 200, seed=1))

    asked = {facet.aspect for plan in plans for turn in plan.turns for facet in turn.request.facets}
    assert asked == {Aspect.NAME, Aspect.ABOUT, Aspect.SCENE, Aspect.ARTIST}
    assert any(turn.disliked_track_ids for plan in plans for turn in plan.turns)


def test_titles_alone_are_enough(tmp_path: Path) -> None:
    plans = list(draw_plans(poor(tmp_path, artists=False), 50, seed=1))

    assert all(plan.turns[0].liked_track_ids for plan in plans)


def test_nothing_from_after_the_cut_is_shown_or_said(tmp_path: Path) -> None:
    dataset = poor(tmp_path)
    cut = START + timedelta(days=15)
    entries = [entry for playlist in dataset.playlists() for entry in playlist.entries]
    known = {entry.track_id for entry in entries if entry.added_at and entry.added_at < cut}
    later = {entry.track_id for entry in entries} - known

    plans = list(draw_plans(dataset, 200, seed=1, until_ms=to_ms(cut)))

    shown = {track.track_id for plan in plans for turn in plan.turns for track in turn.shown}
    assert not shown & later
    assert len(later) > 10
    assert len(shown) > 50


def test_the_same_seed_gives_the_same_plans_and_a_longer_run_begins_with_them(tmp_path: Path) -> None:
    dataset = poor(tmp_path)

    short = list(draw_plans(dataset, 20, seed=5))

    assert list(islice(draw_plans(dataset, 40, seed=5), 20)) == short
    assert list(draw_plans(dataset, 20, seed=6)) != short


def test_playlists_that_are_held_back_are_left_alone(tmp_path: Path) -> None:
    dataset = poor(tmp_path)
    without = {playlist.playlist_id for playlist in dataset.playlists()} - {"p0"}

    plans = list(draw_plans(dataset, 30, seed=1, without=without))

    liked = {track_id for plan in plans for turn in plan.turns for track_id in turn.liked_track_ids}
    assert liked <= {f"t{place:03d}" for place in range(40)}


def test_a_dataset_without_playlists_is_refused_with_the_reason(tmp_path: Path) -> None:
    write_dataset(tmp_path, [Track("t1", "One")], [Playlist("p", "Short", "", (PlaylistEntry("t1"),))])

    with pytest.raises(DatasetError, match="no playlist with three tracks"):
        next(draw_plans(Dataset.open(tmp_path), 1, seed=1))


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("My jazz mix", "jazz"),
        ("Best of thrash", "thrash"),
        ("vol. 31", ""),
        ("Today's Top Hits", ""),
        ("Rainy   Sunday ☔", "Rainy Sunday"),
        ("one two three four five six seven words", ""),
    ],
)
def test_a_playlists_name_is_said_without_what_says_nothing(name: str, spoken: str) -> None:
    assert spoken_name(name) == spoken


def test_a_description_gives_runs_of_telling_words() -> None:
    text = 'Handpicked <a href="spotify:x">dance music</a>. Cover: Anna Meyer. See https://example.org/x'

    assert telling_runs(text) == ["handpicked dance", "anna meyer"]
