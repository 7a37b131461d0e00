"""What the first additions of a new track teach: the same Segue with content alone, and with live updates of them.

Tracks that nothing before the cut holds and that playlists gained at least six times after it are looked at. Their
first five additions are told, through the folds that the services use, on the day after they happened; nothing else
that happened after the cut is. Positions are the later additions of these tracks. Knows playlists and the recommender.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import numpy as np

from segue.catalog import TrackTokens
from segue.cooccurrence import playlist as playlists
from segue.cooccurrence import track as tracks
from segue.cooccurrence.pairs import PairDelta
from segue.cooccurrence.playlist import Playlist
from segue.cooccurrence.track import TrackState
from segue.evaluation.metrics import rank_of
from segue.evaluation.positions import Position
from segue.evaluation.segue_system import SegueRanker
from segue.evaluation.task import Task
from segue.events import PlaylistAction, PlaylistEvent
from segue.model.index import Index
from segue.replay import playlist_events
from segue.session import FoldRules, to_ms
from segue.session import Position as At
from segue.tokens.codebook import Integers
from segue.tokens.content import MODALITIES

TOLD = 5
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Lesson:
    """Ranks of the wanted tracks at the same positions, [positions], with content alone and after additions."""

    positions: Sequence[Position]
    content: Integers
    taught: Integers

    @property
    def tracks(self) -> int:
        """How many tracks are asked for."""
        return len({position.wanted for position in self.positions})


@dataclass(frozen=True, slots=True)
class Addition:
    """One addition of a looked-at track that is told, and what it changes for the tracks of its playlist."""

    time_ms: int
    deltas: tuple[PairDelta, ...]


def lesson(task: Task, ranker: SegueRanker, watch: Callable[[int, int], None] = lambda *_: None) -> Lesson:
    """Rank the later additions twice. The ranker's index is left as it was."""
    additions, positions = first_additions(task), later_positions(task)
    recommender, before = ranker.recommender, ranker.recommender.index
    content, taught = np.zeros(len(positions), np.int64), np.zeros(len(positions), np.int64)
    live = _Live(before, ranker)
    done = 0
    for day, places in _by_day(positions).items():
        asked = [positions[place] for place in places]
        content[places] = _ranks(ranker, asked)
        recommender.swap(live.as_of(additions, day * DAY_MS))
        taught[places] = _ranks(ranker, asked)
        recommender.swap(before)
        done += len(places)
        watch(done, len(positions))
    return Lesson(positions, content, taught)


def later_positions(task: Task) -> list[Position]:
    """Return the task's positions that want a looked-at track after the day of its fifth addition."""
    fifth = _fifth_addition_ms(task)
    return [
        position
        for position in task.positions
        if position.now_ms // DAY_MS > fifth.get(position.wanted, 2**62) // DAY_MS
    ]


def first_additions(task: Task) -> list[Addition]:
    """Return the first additions of the looked-at tracks, in order, from folding their playlists."""
    all_tracks = task.material.tracks
    looked_at = {all_tracks[row].track_id for row in _fifth_addition_ms(task)}
    events = list(_spaced(playlist_events(task.dataset)))
    concerned = {event.playlist_id for event in events if event.track_id in looked_at}
    states: dict[str, Playlist] = {}
    told: Counter[str] = Counter()
    found: list[Addition] = []
    for offset, event in enumerate(events):
        if event.playlist_id not in concerned or event.event_time is None:
            continue
        time_ms = to_ms(event.event_time)
        state = states.get(event.playlist_id, Playlist(event.playlist_id))
        states[event.playlist_id], deltas = playlists.apply(state, event, At("", 0, offset, time_ms), FoldRules())
        if event.action is PlaylistAction.TRACK_ADDED and event.track_id in looked_at and told[event.track_id] < TOLD:
            told[event.track_id] += 1
            about = tuple(each for each in deltas if event.track_id in (each.track_id, each.neighbour_id))
            found.append(Addition(time_ms, about))
    return found


class _Live:
    """The index while additions are told to it, oldest first."""

    def __init__(self, index: Index, ranker: SegueRanker) -> None:
        self._index = index
        self._codebooks = ranker.recommender.checkpoint.codebooks
        self._states: dict[str, TrackState] = {}
        self._told = 0

    def as_of(self, additions: Sequence[Addition], time_ms: int) -> Index:
        """Return the index after all additions before a time; times may only grow."""
        changed: dict[str, None] = {}
        while self._told < len(additions) and additions[self._told].time_ms < time_ms:
            addition = additions[self._told]
            self._told += 1
            by_track: dict[str, list[PairDelta]] = defaultdict(list)
            for delta in addition.deltas:
                by_track[delta.track_id].append(delta)
            for track_id, deltas in by_track.items():
                state = self._states.get(track_id, TrackState(track_id))
                at = At("", 0, self._told, addition.time_ms)
                self._states[track_id] = tracks.meet(state, tuple(deltas), at, addition.time_ms)
                changed[track_id] = None
        self._index = self._index.updated([self._tokens(track_id) for track_id in changed], self._codebooks)
        return self._index

    def _tokens(self, track_id: str) -> TrackTokens:
        """Return the track's live tokens; one without a playlist code gets that of its neighbours."""
        index = self._index
        token = tracks.tokens(self._states[track_id])
        assert token is not None, "nothing is removed here"
        row = index.rows.get(track_id)
        version = max(0, index.version(track_id)) + 1
        if row is None:
            return msgspec.structs.replace(token, version=version)
        codes, column = index.codes[row].copy(), MODALITIES.index("playlist")
        near = [each for each in token.neighbours if each.track_id in index.rows]
        if codes[column] == index.code_sizes[column] and near:
            beside = index.codes[[index.rows[each.track_id] for each in near], column]
            codes[column] = self._codebooks.from_neighbours(beside, [each.weight for each in near])
        return msgspec.structs.replace(token, version=version, codes=self._codebooks.as_message(codes))


def _fifth_addition_ms(task: Task) -> Mapping[int, int]:
    """Return when each cold track that was added more than TOLD times was added for the TOLDth time, by row."""
    times: dict[int, list[int]] = defaultdict(list)
    rows = {track.track_id: row for row, track in enumerate(task.material.tracks)}
    for playlist in task.dataset.playlists():
        for entry in playlist.entries:
            row = rows.get(entry.track_id)
            if row is not None and task.is_cold[row] and entry.added_at is not None:
                times[row].append(to_ms(entry.added_at))
    return {row: sorted(added)[TOLD - 1] for row, added in times.items() if len(added) > TOLD}


def _spaced(events: Iterator[PlaylistEvent]) -> Iterator[PlaylistEvent]:
    """Yield the events, those of one time a millisecond apart: the folds order events by time."""
    time, number = None, 0
    for event in events:
        number = number + 1 if event.event_time == time else 0
        time = event.event_time
        yield (
            event if time is None else msgspec.structs.replace(event, event_time=time + timedelta(milliseconds=number))
        )


def _by_day(positions: Sequence[Position]) -> dict[int, list[int]]:
    days: dict[int, list[int]] = defaultdict(list)
    for place, position in enumerate(positions):
        days[position.now_ms // DAY_MS].append(place)
    return dict(sorted(days.items()))


def _ranks(ranker: SegueRanker, positions: Sequence[Position]) -> list[int]:
    scored = zip(ranker.scores(positions), positions, strict=True)
    return [rank_of(scores, position.wanted, position.excluded) for scores, position in scored]
