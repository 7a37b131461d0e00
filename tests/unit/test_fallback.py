"""What is said without the model names no track that is gone, and knows what the catalogue says of those it names."""

from __future__ import annotations

from typing import Any

import pytest

from segue import wire
from segue.catalog import Track
from segue.errors import InvalidMessage
from segue.events import Filters
from segue.popularity import Popularity
from segue.recommendations import RecommendedTrack
from services.runtime import catalog
from services.runtime.settings import Settings
from services.sessions.fallback import Fallback

LIST = (RecommendedTrack("a", "A"), RecommendedTrack("b", "B"))


def popular() -> Popularity:
    return Popularity(Track(name, name.upper(), (name,)) for name in ("p1", "p2", "p3"))


def ids(tracks: Any) -> list[str]:
    return [track.track_id for track in tracks]


def test_a_removed_track_leaves_the_popular_list_and_has_its_old_rank_when_it_comes_back() -> None:
    tracks = popular()
    tracks.update([], ["p1", "unheard of"])
    assert ids(tracks.top(2, Filters())) == ["p2", "p3"]
    tracks.update([Track("p1", "P1")], ["p2"])
    assert ids(tracks.top(3, Filters())) == ["p1", "p3"]


def test_the_popular_list_goes_by_what_the_catalogue_says_now() -> None:
    tracks = popular()
    tracks.update([Track("p1", "Renamed", explicit=True), Track("p2", "P2", markets=("DE",)), Track("new", "New")], [])
    assert [track.title for track in tracks.top(3, Filters())] == ["Renamed", "P2", "P3"]
    assert ids(tracks.top(3, Filters(exclude_explicit=True, market="FR"))) == ["p3"]


def test_a_removed_track_leaves_lists_from_before_and_from_after_its_removal() -> None:
    fallback = Fallback(popular())
    fallback.remember("before", LIST)
    fallback.update([], ["a"])
    fallback.remember("after", LIST)
    assert ids(fallback.last("before")) == ids(fallback.last("after")) == ["b"]
    fallback.update([Track("a", "A")], [])
    assert ids(fallback.last("before")) == ["a", "b"]


def test_a_list_goes_with_a_removal_that_is_no_longer_remembered() -> None:
    fallback = Fallback(popular(), most_gone=2)
    fallback.update([], ["a"])
    fallback.remember("l", LIST)
    fallback.update([], ["x"])
    assert ids(fallback.last("l")) == ["b"]
    fallback.update([], ["y", "p1"])
    assert ids(fallback.last("l")) == []
    assert ids(fallback.popular.top(3, Filters())) == ["p2", "p3"], "few enough to be remembered always"


def reader(fallback: Fallback) -> Any:
    return catalog.follower(Settings(), "sessions", fallback, fallback.update)._said_by


def test_only_what_matters_of_the_catalogue_is_read_and_that_is_checked() -> None:
    fallback = Fallback(popular())
    fallback.update([], ["gone"])
    read = reader(fallback)
    assert read("other", b"whatever it holds") == Track("other")
    assert read("p1", wire.encode(Track("p1", "One"))).title == "One"
    for track_id, value in (("gone", b"{"), ("p1", wire.encode(Track("p2", "Two"))), ("p1", wire.encode(Track("p1")))):
        with pytest.raises(InvalidMessage):
            read(track_id, value)
