"""The catalogue as arrays: codes, neighbours, words and filters of every track, in one immutable snapshot.

Rows are never moved or reused: a removed track keeps its row and is not recommendable. `updated` copies what changes
and shares the rest, so a reader may keep the old snapshot while a new one is swapped in. Knows nothing about sessions
or torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from math import expm1, log1p, sqrt
from types import MappingProxyType
from typing import NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

from segue.catalog import LiveCode, Shelf, Track, TrackTokens
from segue.cooccurrence.pairs import WEIGHT_UNIT, WEIGHTS
from segue.model.freshness import Freshness
from segue.model.markets import Markets
from segue.model.neighbour_lists import NO_NEIGHBOURS, LiveList, NeighbourList, NeighbourLists
from segue.model.shelves import Shelves
from segue.model.turns import Turn
from segue.session import to_ms
from segue.tokens.codebook import Floats, Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES, spoken_words

# What the weights of its neighbours sum to for a track that was added once, among REACH others on either side.
AN_ADDITION = 2 * sum(WEIGHTS) / WEIGHT_UNIT

# Before the first version: what a removed track has, so that whatever comes after is newer, and one never told of.
REMOVED = -1
NEVER = -2
# Tracks that are taken over between two turns: a fifth of a millisecond (bench.tokens).
SLICE = 8

N = TypeVar("N", bound=np.generic)
# Artists whom playlists put beside one, closest first, each with a closeness of 0 to 1.
RelatedArtists = Sequence[tuple[str, float]]


class Told(NamedTuple):
    """What the stream says of a track besides what counts: why its playlist code is what it is, and until when."""

    live: LiveCode | None
    event_time: datetime | None


@dataclass(frozen=True, slots=True)
class Index:
    """One snapshot. Arrays have one entry for each row; `codes` has shape [tracks, modalities].

    `rows` also names tracks of which the stream told without their content; their `tracks` entry is None. `neighbours`
    is what counts now; `stored_neighbours` are the checkpoint's, over which live ones are merged anew each time.
    `stored_codes` are the checkpoint's too: what a track keeps while the stream has no codes of these codebooks for it.
    `versions` are those that the stream told, NEVER where it did not; `told`, which may be shorter, is the rest of it.
    """

    tracks: Sequence[Track | None]
    rows: Mapping[str, int]
    codes: Integers
    stored_codes: Integers
    code_sizes: tuple[int, ...]
    neighbours: Sequence[NeighbourList]
    stored_neighbours: Sequence[NeighbourList]
    popularity: Floats
    stored_popularity: Floats
    recommendable: npt.NDArray[np.bool_]
    explicit: npt.NDArray[np.bool_]
    by_word: Mapping[str, Integers]
    by_artist: Mapping[str, Integers]
    related_artists: Mapping[str, RelatedArtists]
    artist_credit: Floats
    versions: Integers
    markets: Markets
    fingerprint: int = 0
    told: Sequence[Told | None] = ()
    freshness: Freshness = field(default_factory=Freshness)
    shelves: Shelves = field(default_factory=Shelves)

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def token_version(self) -> str:
        """Made from the versions of the tracks that the stream told of, in any order; `base` before the first."""
        return f"{self.fingerprint:016x}" if self.fingerprint else "base"

    def track(self, row: int) -> Track:
        """Return the track of a recommendable row."""
        track = self.tracks[row]
        assert track is not None, "only rows with content are recommendable"
        return track

    def neighbour_weight(self, row: int) -> float:
        """Return the largest weight in the row's list of neighbours; 0 without any."""
        weights = self.neighbours[row][1]
        return float(weights[0]) if len(weights) else 0.0

    @classmethod
    def of(
        cls,
        tracks: Sequence[Track],
        codes: Integers,
        code_sizes: tuple[int, ...],
        neighbours: Sequence[NeighbourList],
        popularity: Floats,
        related_artists: Mapping[str, RelatedArtists] = MappingProxyType({}),
        shelves: Mapping[int, Sequence[Shelf]] = MappingProxyType({}),
    ) -> Index:
        """Build the first snapshot from a whole catalogue, row by row; `shelves` by row, where playlists hold it."""
        return cls(
            tracks=tuple(tracks),
            rows={track.track_id: row for row, track in enumerate(tracks)},
            codes=np.asarray(codes, np.int64),
            stored_codes=np.asarray(codes, np.int64),
            code_sizes=code_sizes,
            neighbours=tuple(neighbours),
            stored_neighbours=tuple(neighbours),
            popularity=popularity,
            stored_popularity=popularity,
            recommendable=np.ones(len(tracks), bool),
            explicit=np.array([track.explicit for track in tracks], bool),
            by_word=_inverted(enumerate(map(spoken_words, tracks))),
            by_artist=_inverted((row, track.artists) for row, track in enumerate(tracks)),
            related_artists=related_artists,
            artist_credit=np.array([_artist_credit(track) for track in tracks], np.float32),
            versions=np.full(len(tracks), NEVER, np.int64),
            markets=Markets.of(tracks),
            shelves=Shelves.of_checkpoint(shelves),
        )

    def version(self, track_id: str) -> int:
        """Return the newest version of the track that the stream told of; REMOVED and NEVER are below all of them."""
        row = self.rows.get(track_id)
        return NEVER if row is None else int(self.versions[row])

    def updated(
        self, tokens: Sequence[TrackTokens], codebooks: Codebooks, removed: Iterable[str] = (), turn: Turn = nullcontext
    ) -> Index:
        """Return the snapshot after these tokens, the newest version of each track winning, and these removals.

        New tracks get rows. Codes that these codebooks made replace the checkpoint's, the live playlist code too; those
        that others made are not read, and a track that the checkpoint lacks is coded from its content then. Live
        neighbours are merged over the checkpoint's. Tracks are taken over a few at a time, each time inside a `turn`.
        """
        with turn():
            left = iter(self._newer(tokens))
        with turn():
            draft = _Draft(self, codebooks)
        while some := list(islice(left, SLICE)):
            with turn():
                for token in some:
                    draft.put(token)
        with turn():
            for track_id in removed:
                draft.remove(track_id)
        return draft.index(turn)

    def _newer(self, tokens: Sequence[TrackTokens]) -> list[TrackTokens]:
        """Return the newest tokens of each track, where they are not older than what is known."""
        newest: dict[str, TrackTokens] = {}
        for token in tokens:
            before = newest.get(token.track_id)
            known = before.version if before else self.version(token.track_id)
            if token.version >= known:
                newest[token.track_id] = token
        return list(newest.values())

    def settle(self, track_ids: Iterable[str]) -> None:
        """Work out which rows the live neighbours of these tracks have; who reads a list first does it otherwise."""
        if isinstance(self.neighbours, NeighbourLists):
            for track_id in track_ids:
                self.neighbours.settle(self.rows[track_id])


class _Draft:
    """The next snapshot while it is being made: what changes is copied once."""

    def __init__(self, base: Index, codebooks: Codebooks) -> None:
        self._base = base
        self._codebooks = codebooks
        self._tracks = base.tracks
        self._rows = base.rows
        lists = base.neighbours
        self._neighbours: list[NeighbourList | LiveList] = list(
            lists.lists if isinstance(lists, NeighbourLists) else lists
        )
        self._by_word = base.by_word
        self._by_artist = base.by_artist
        self._versions: dict[int, int] = {}
        self._fingerprint = base.fingerprint
        self._codes: dict[int, tuple[int, ...]] = {}
        self._recommendable: dict[int, bool] = {}
        self._told: dict[int, Told] = {}
        self._popularity: dict[int, float] = {}
        self._heard: dict[int, tuple[int, float]] = {}
        self._shelves: dict[int, Sequence[Shelf]] = {}

    def put(self, token: TrackTokens) -> None:
        row = self._row(token.track_id)
        self._codes[row] = self._coded(row, token)
        if token.track is not None and token.track != self._tracks[row]:
            self._replace_words(row, token.track)
            self._own_tracks()[row] = token.track
        self._recommendable[row] = self._tracks[row] is not None
        stored = self._base.stored_neighbours[row] if row < len(self._base.stored_neighbours) else NO_NEIGHBOURS
        heard_ms = to_ms(token.event_time) if token.neighbours and token.event_time is not None else 0
        share = self._base.freshness.stored_share(heard_ms)
        self._neighbours[row] = LiveList(stored, token.neighbours, share) if token.neighbours else stored
        additions = sum([neighbour.weight for neighbour in token.neighbours if neighbour.weight > 0.0]) / AN_ADDITION
        self._heard[row] = (heard_ms, additions)
        self._shelves[row] = token.shelves
        self._popularity[row] = self._popular(row, additions)
        self._told[row] = Told(token.live, token.event_time)
        self._note_version(row, token.track_id, token.version)

    def remove(self, track_id: str) -> None:
        row = self._rows.get(track_id)
        if row is None:
            return
        self._recommendable[row] = False
        # A track that only the stream knew is gone as if it had never come; one of the checkpoint's is missed.
        self._note_version(row, track_id, REMOVED if row < len(self._base.stored_neighbours) else NEVER)

    def index(self, turn: Turn) -> Index:
        """Return the snapshot; each step takes a millisecond or less at a hundred thousand tracks."""
        base, added = self._base, len(self._tracks) - len(self._base)
        rows = list(self._codes)
        with turn():
            codes = np.concatenate([base.codes, np.tile(np.array(base.code_sizes, np.int64), (added, 1))])
        with turn():
            if rows:
                codes[rows] = list(self._codes.values())
        with turn():
            popularity = _lengthened(base.popularity, added, 0.0)
            popularity[rows] = [self._popularity[row] for row in rows]
            versions = _lengthened(base.versions, added, NEVER)
            versions[list(self._versions)] = list(self._versions.values())
            recommendable = _lengthened(base.recommendable, added, 0)
            recommendable[list(self._recommendable)] = list(self._recommendable.values())
        with turn():
            tracks = [self._tracks[row] for row in rows]
            artist_credit = _lengthened(base.artist_credit, added, 0.0)
            artist_credit[rows] = [_artist_credit(track) for track in tracks]
            explicit = _lengthened(base.explicit, added, 0)
            explicit[rows] = [track is not None and track.explicit for track in tracks]
        with turn():
            told = [*base.told, *[None] * (len(self._tracks) - len(base.told))]
            for row, said in self._told.items():
                told[row] = said
        with turn():
            markets = base.markets.updated(self._tracks, rows)
        with turn():
            freshness = base.freshness.updated(self._heard, len(self._tracks))
            if freshness.days is not None:
                popularity = freshness.popularity(base.stored_popularity)
        shelves = base.shelves.updated(self._shelves, turn)
        return replace(
            base,
            tracks=self._tracks,
            rows=self._rows,
            codes=codes,
            neighbours=NeighbourLists(self._neighbours, self._rows),
            popularity=popularity,
            recommendable=recommendable,
            explicit=explicit,
            by_word=self._by_word,
            by_artist=self._by_artist,
            artist_credit=artist_credit,
            versions=versions,
            markets=markets,
            fingerprint=self._fingerprint,
            told=told,
            freshness=freshness,
            shelves=shelves,
        )

    def _row(self, track_id: str) -> int:
        row = self._rows.get(track_id)
        if row is not None:
            return row
        if self._rows is self._base.rows:
            self._rows = dict(self._base.rows)
        row = cast("dict[str, int]", self._rows)[track_id] = len(self._tracks)
        self._own_tracks().append(None)
        self._neighbours.append(NO_NEIGHBOURS)
        return row

    def _own_tracks(self) -> list[Track | None]:
        """Return the tracks to change: a copy, made once."""
        if self._tracks is self._base.tracks:
            self._tracks = list(self._base.tracks)
        return cast("list[Track | None]", self._tracks)

    def _popular(self, row: int, additions: float) -> float:
        """Return log(1 + additions): the checkpoint's, and those that the live neighbours come from."""
        stored = float(self._base.stored_popularity[row]) if row < len(self._base.stored_popularity) else 0.0
        return log1p(expm1(stored) + additions)

    def _replace_words(self, row: int, track: Track) -> None:
        old = self._tracks[row]
        self._by_word = _moved(
            self._by_word, self._base.by_word, row, spoken_words(old) if old else (), spoken_words(track)
        )
        self._by_artist = _moved(self._by_artist, self._base.by_artist, row, old.artists if old else (), track.artists)

    def _coded(self, row: int, token: TrackTokens) -> tuple[int, ...]:
        """Return the row's codes: made of the token and the checkpoint, and nothing that came between.

        So whoever reads only the newest token has the same codes. Content says nothing about the playlist code: that is
        the live one, where these codebooks number it.
        """
        codes, live = self._coded_by_content(row, token), token.live
        if live is None or live.code is None or live.codebook_version != self._codebooks.version:
            return codes
        place = MODALITIES.index("playlist")
        return (*codes[:place], min(live.code, self._base.code_sizes[place]), *codes[place + 1 :])

    def _coded_by_content(self, row: int, token: TrackTokens) -> tuple[int, ...]:
        own = self._own(row)
        if token.codes is None or not self._codebooks.made(token.codes):
            known = row < len(self._base.stored_codes)
            return own if known or token.track is None else self._from_content(token.track)
        given = self._codebooks.as_row(token.codes)
        place = MODALITIES.index("playlist")
        return given if token.codes.playlist is not None else (*given[:place], own[place], *given[place + 1 :])

    def _own(self, row: int) -> tuple[int, ...]:
        """Return the codes that the checkpoint has for the row; all absent where it has none."""
        stored = self._base.stored_codes
        return tuple(stored[row].tolist()) if row < len(stored) else self._base.code_sizes

    def _from_content(self, track: Track) -> tuple[int, ...]:
        return tuple(map(int, self._codebooks.content_codes([track])[0]))

    def _note_version(self, row: int, track_id: str, version: int) -> None:
        known = len(self._base.versions)
        before = self._versions.get(row, int(self._base.versions[row]) if row < known else NEVER)
        for each in (before, version):
            if each != NEVER:
                self._fingerprint ^= _version_mark(track_id, each)
        self._versions[row] = version


def _lengthened(values: npt.NDArray[N], by: int, last: float) -> npt.NDArray[N]:
    """Return a copy with so many entries more."""
    return np.concatenate([values, np.full(by, last, values.dtype)])


def _moved(
    table: Mapping[str, Integers],
    shared: Mapping[str, Integers],
    row: int,
    before: Iterable[str],
    after: Iterable[str],
) -> Mapping[str, Integers]:
    """Return the table with the row under other names: a copy where the table is the one that the base shares."""
    gone, come = set(before) - set(after), set(after) - set(before)
    if not gone and not come:
        return table
    changed = dict(table) if table is shared else cast("dict[str, Integers]", table)
    for name in gone:
        changed[name] = changed[name][changed[name] != row]
    for name in come:
        changed[name] = np.append(changed.get(name, NO_NEIGHBOURS[0]), row)
    return changed


def _inverted(named: Iterable[tuple[int, Iterable[str]]]) -> dict[str, Integers]:
    rows: dict[str, list[int]] = {}
    for row, names in named:
        for name in names:
            rows.setdefault(name, []).append(row)
    return {name: np.array(entries, np.int64) for name, entries in rows.items()}


def _artist_credit(track: Track | None) -> float:
    """Return what each of the track's artists gives of its own; they share it, though less than equally."""
    return 1.0 / sqrt(max(1, len(track.artists))) if track is not None else 0.0


def _version_mark(track_id: str, version: int) -> int:
    return int.from_bytes(blake2b(f"{track_id}\0{version}".encode(), digest_size=8).digest())
