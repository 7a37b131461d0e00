"""What the world tells is worth learning, and each way of telling it tells something that the others do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import Track
from segue.dataset import Dataset, ListeningSession
from segue.events import ListeningAction
from tests.unit import world_probe as probe
from tests.unit.world_probe import Floats, Place

SAMPLE = Path(__file__).parents[2] / "samples" / "world"
CONTENT = ("tags", "metadata", "lyrics", "audio")
MODALITIES = (*CONTENT, "playlist")
EVENTS = ("finished", "skipped", "liked", "disliked")
# What each kind of event says something about: what comes next is nearer to it in these, or farther from it.
TELLING = {
    "finished": MODALITIES,
    "skipped": ("tags", "audio"),
    "liked": ("metadata", "playlist"),
    "disliked": ("lyrics", "metadata"),
}
MOST_PLACES = 3_000
MOST_TOLD = 20


@pytest.fixture(scope="module")
def tracks() -> list[Track]:
    return list(Dataset.open(SAMPLE).tracks())


@pytest.fixture(scope="module")
def playlists() -> list[list[int]]:
    return [[row(entry.track_id) for entry in playlist.entries] for playlist in Dataset.open(SAMPLE).playlists()]


@pytest.fixture(scope="module")
def alike(tracks: list[Track], playlists: list[list[int]]) -> dict[str, Floats]:
    return {
        "tags": probe.tags_alike(tracks),
        "metadata": probe.metadata_alike(tracks),
        "lyrics": probe.lyrics_alike(tracks),
        "audio": probe.audio_alike(tracks),
        "playlist": probe.played_together(playlists[: len(playlists) * 2 // 3], len(tracks)),
    }


@pytest.fixture(scope="module")
def popularity(tracks: list[Track], playlists: list[list[int]]) -> Floats:
    learned = [track for playlist in playlists[: len(playlists) * 2 // 3] for track in playlist]
    return np.log1p(np.bincount(learned, minlength=len(tracks)))


@pytest.fixture(scope="module")
def places(playlists: list[list[int]], alike: Mapping[str, Floats], popularity: Floats) -> tuple[list[Place], ...]:
    """Places in playlists that the similarities have not seen: to weigh by, and to test on."""
    unseen = playlists[len(playlists) * 2 // 3 :]
    half = len(unseen) // 2
    return tuple(
        [
            Place(
                playlist[place],
                {name: each[playlist[max(0, place - MOST_TOLD) : place]].mean(0) for name, each in alike.items()}
                | {"popularity": popularity},
                playlist[:place],
            )
            for playlist in part
            for place in range(4, len(playlist), 6)
        ]
        for part in (unseen[:half], unseen[half:])
    )


@pytest.fixture(scope="module")
def plays(alike: Mapping[str, Floats], popularity: Floats) -> dict[str, list[Place]]:
    """Places in sessions before a play that was finished, by the kinds of events that came before."""
    found: dict[str, list[Place]] = defaultdict(list)
    for session in Dataset.open(SAMPLE).sessions():
        heard = plays_of(session)
        for place in range(4, len(heard), 2):
            track, kind = heard[place]
            if kind in ("finished", "liked"):
                told = {event: [earlier for earlier, how in heard[:place] if how == event] for event in EVENTS}
                features = {"popularity": popularity, **nearness(alike, told)}
                for event in EVENTS:
                    if told[event]:
                        found[event].append(Place(track, features, [earlier for earlier, _ in heard[:place]]))
    return {event: places[:: max(1, len(places) // MOST_PLACES)] for event, places in found.items()}


def nearness(alike: Mapping[str, Floats], told: Mapping[str, Sequence[int]]) -> dict[str, Floats]:
    """How near each track is to those of each kind of event, in each modality it says something about."""
    found: dict[str, Floats] = {}
    for event, names in TELLING.items():
        for name in names:
            rows = alike[name][list(told[event])]
            found[f"{event}, {name}"] = rows.mean(0) if event == "finished" and len(rows) else rows.sum(0)
    last = told["finished"][-1:]
    return found | {"finished, last": alike["audio"][last].sum(0)}


def plays_of(session: ListeningSession) -> list[tuple[int, str]]:
    """The tracks of a session in order, and how each play went; an opinion says more than an end."""
    names = {
        ListeningAction.PLAY_FINISHED: "finished",
        ListeningAction.PLAY_SKIPPED: "skipped",
        ListeningAction.LIKED: "liked",
        ListeningAction.DISLIKED: "disliked",
    }
    heard: dict[int, str] = {}
    for event in session.events:
        if event.action in names and heard.get(row(event.track_id)) not in ("liked", "disliked"):
            heard[row(event.track_id)] = names[event.action]
    return list(heard.items())


def row(track_id: str) -> int:
    return int(track_id.removeprefix("trk-"))


def test_all_that_is_told_predicts_playlists_far_better_than_popularity(places: tuple[list[Place], ...]) -> None:
    everything = probe.hits(*places, (*MODALITIES, "popularity"))
    by_popularity = probe.hits(*places, ("popularity",))

    assert everything.mean() > 5 * by_popularity.mean()
    assert everything.mean() > 0.1


@pytest.mark.parametrize("modality", MODALITIES)
def test_each_modality_tells_what_the_others_do_not(places: tuple[list[Place], ...], modality: str) -> None:
    everything = (*MODALITIES, "popularity")

    whole = probe.hits(*places, everything)
    without = probe.hits(*places, [kind for kind in everything if kind != modality])

    _, at_least = probe.drop(whole, without)
    assert at_least > 0.0


@pytest.mark.parametrize("event", EVENTS)
def test_each_kind_of_event_tells_what_the_others_do_not(plays: Mapping[str, list[Place]], event: str) -> None:
    training, test = plays[event][::2], plays[event][1::2]
    everything = list(test[0].features)

    whole = probe.hits(training, test, everything)
    without = probe.hits(training, test, [kind for kind in everything if not kind.startswith(f"{event},")])

    _, at_least = probe.drop(whole, without)
    assert at_least > 0.0
