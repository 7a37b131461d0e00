"""The catalogue as arrays: codes, neighbours, words and filters of every track, in one immutable snapshot.

Rows are never moved or reused: a removed track keeps its row and is not recommendable. `updated` copies what changes
and shares the rest, so a reader may keep the old snapshot while a new one is swapped in. Knows nothing about sessions
or torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import expm1, log1p, sqrt
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from segue.catalog import Neighbour, Track, TrackTokens
from segue.cooccurrence.pairs import WEIGHT_UNIT, WEIGHTS
from segue.model.markets import Markets
from segue.tokens.codebook import Floats, Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES, spoken_words

MAX_NEIGHBOURS = 100
# What the weights of its neighbours sum to for a track that was added once, among REACH others on either side.
AN_ADDITION = 2 * sum(WEIGHTS) / WEIGHT_UNIT

# Before the first version: what a removed track has, so that whatever comes after is newer.
REMOVED = -1

NeighbourList = tuple[Integers, Floats]
# Artists whom playlists put beside one, closest first, each with a closeness of 0 to 1.
RelatedArtists = Sequence[tuple[str, float]]
NO_NEIGHBOURS: NeighbourList = (np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Index:
    """One snapshot. Arrays have one entry for each row; `codes` has shape [tracks, modalities].

    `rows` also names tracks that are only known as somebody's neighbour; their `tracks` entry is None. `neighbours`
    is what counts now; `stored_neighbours` are the checkpoint's, over which live ones are merged anew each time.
    `stored_codes` are the checkpoint's too: what a track keeps while the stream has no codes of these codebooks for it.
    """

    tracks: tuple[Track | None, ...]
    rows: Mapping[str, int]
    codes: Integers
    stored_codes: Integers
    code_sizes: tuple[int, ...]
    neighbours: tuple[NeighbourList, ...]
    stored_neighbours: tuple[NeighbourList, ...]
    popularity: Floats
    stored_popularity: Floats
    recommendable: npt.NDArray[np.bool_]
    explicit: npt.NDArray[np.bool_]
    by_word: Mapping[str, Integers]
    by_artist: Mapping[str, Integers]
    related_artists: Mapping[str, RelatedArtists]
    artist_credit: Floats
    versions: Mapping[str, int]
    markets: Markets
    fingerprint: int = 0

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def token_version(self) -> str:
        """Made from the versions of the tracks that the stream told of, in any order; `base` before the first."""
        return f"{self.fingerprint:016x}" if self.versions else "base"

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
    ) -> Index:
        """Build the first snapshot from a whole catalogue, row by row."""
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
            versions={},
            markets=Markets.of(tracks),
        )

    def updated(self, tokens: Sequence[TrackTokens], codebooks: Codebooks, removed: Iterable[str] = ()) -> Index:
        """Return the snapshot after these tokens, the newest version of each track winning, and these removals.

        New tracks get rows. Codes that these codebooks made replace the checkpoint's, the live playlist code too; those
        that others made are not read, and a track that the checkpoint lacks is coded from its content then. Live
        neighbours are merged over the checkpoint's.
        """
        newest: dict[str, TrackTokens] = {}
        for token in tokens:
            before = newest.get(token.track_id)
            known = before.version if before else self.versions.get(token.track_id, REMOVED)
            if token.version >= known:
                newest[token.track_id] = token
        draft = _Draft(self, codebooks)
        for token in newest.values():
            draft.put(token)
        for track_id in removed:
            draft.remove(track_id)
        return draft.index()


class _Draft:
    """The next snapshot while it is being made: what changes is copied once."""

    def __init__(self, base: Index, codebooks: Codebooks) -> None:
        self._base = base
        self._codebooks = codebooks
        self._tracks = list(base.tracks)
        self._rows = dict(base.rows)
        self._neighbours = list(base.neighbours)
        self._by_word = dict(base.by_word)
        self._by_artist = dict(base.by_artist)
        self._versions = dict(base.versions)
        self._fingerprint = base.fingerprint
        self._codes: dict[int, tuple[int, ...]] = {}
        self._recommendable: dict[int, bool] = {}
        self._popularity: dict[int, float] = {}

    def put(self, token: TrackTokens) -> None:
        row = self._row(token.track_id)
        self._codes[row] = self._coded(row, token)
        if token.track is not None:
            self._replace_words(row, token.track)
            self._tracks[row] = token.track
        self._recommendable[row] = self._tracks[row] is not None
        stored = self._base.stored_neighbours[row] if row < len(self._base.stored_neighbours) else NO_NEIGHBOURS
        self._neighbours[row] = merged(stored, self._live(token.neighbours)) if token.neighbours else stored
        self._popularity[row] = self._popular(row, token.neighbours)
        self._note_version(token.track_id, token.version)

    def remove(self, track_id: str) -> None:
        row = self._rows.get(track_id)
        if row is None:
            return
        self._recommendable[row] = False
        # A track that only the stream knew is gone as if it had never come; one of the checkpoint's is missed.
        self._note_version(track_id, REMOVED if row < len(self._base.stored_neighbours) else None)

    def index(self) -> Index:
        base, added = self._base, len(self._tracks) - len(self._base)
        codes = np.concatenate([base.codes, np.tile(np.array(base.code_sizes, np.int64), (added, 1))])
        recommendable = np.concatenate([base.recommendable, np.zeros(added, bool)])
        explicit = np.concatenate([base.explicit, np.zeros(added, bool)])
        popularity = np.concatenate([base.popularity, np.zeros(added, np.float32)])
        for row, value in self._popularity.items():
            popularity[row] = value
        artist_credit = np.concatenate([base.artist_credit, np.zeros(added, np.float32)])
        for row, values in self._codes.items():
            codes[row] = values
            track = self._tracks[row]
            artist_credit[row] = _artist_credit(track)
            explicit[row] = track is not None and track.explicit
        for row, allowed in self._recommendable.items():
            recommendable[row] = allowed
        return replace(
            base,
            tracks=tuple(self._tracks),
            rows=self._rows,
            codes=codes,
            neighbours=tuple(self._neighbours),
            popularity=popularity,
            recommendable=recommendable,
            explicit=explicit,
            by_word=self._by_word,
            by_artist=self._by_artist,
            artist_credit=artist_credit,
            versions=self._versions,
            markets=base.markets.updated(self._tracks, self._codes),
            fingerprint=self._fingerprint,
        )

    def _row(self, track_id: str) -> int:
        row = self._rows.setdefault(track_id, len(self._tracks))
        if row == len(self._tracks):
            self._tracks.append(None)
            self._neighbours.append(NO_NEIGHBOURS)
        return row

    def _live(self, neighbours: Sequence[Neighbour]) -> NeighbourList:
        rows = [self._row(neighbour.track_id) for neighbour in neighbours]
        return np.array(rows, np.int64), np.array([neighbour.weight for neighbour in neighbours], np.float32)

    def _popular(self, row: int, neighbours: Sequence[Neighbour]) -> float:
        """Return log(1 + additions): the checkpoint's, and those that the live neighbours come from."""
        stored = float(self._base.stored_popularity[row]) if row < len(self._base.stored_popularity) else 0.0
        live = sum(max(0.0, neighbour.weight) for neighbour in neighbours) / AN_ADDITION
        return log1p(expm1(stored) + live)

    def _replace_words(self, row: int, track: Track) -> None:
        old = self._tracks[row]
        for table, before, after in (
            (self._by_word, set(spoken_words(old)) if old else set(), set(spoken_words(track))),
            (self._by_artist, set(old.artists) if old else set(), set(track.artists)),
        ):
            for name in before - after:
                table[name] = table[name][table[name] != row]
            for name in after - before:
                table[name] = np.append(table.get(name, NO_NEIGHBOURS[0]), row)

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
        return tuple(map(int, stored[row])) if row < len(stored) else self._base.code_sizes

    def _from_content(self, track: Track) -> tuple[int, ...]:
        return tuple(map(int, self._codebooks.content_codes([track])[0]))

    def _note_version(self, track_id: str, version: int | None) -> None:
        if (before := self._versions.pop(track_id, None)) is not None:
            self._fingerprint ^= _version_mark(track_id, before)
        if version is not None:
            self._versions[track_id] = version
            self._fingerprint ^= _version_mark(track_id, version)


def merged(stored: NeighbourList, live: NeighbourList) -> NeighbourList:
    """Return two lists as one, heaviest first, at most MAX_NEIGHBOURS long.

    Weights compare within one list only, so the live ones are scaled until both lists' largest are equal.
    """
    scale = float(stored[1].max() / live[1].max()) if len(stored[1]) and live[1].max() > 0 else 1.0
    rows = np.concatenate([stored[0], live[0]])
    weights = np.concatenate([stored[1], live[1] * scale])
    distinct, places = np.unique(rows, return_inverse=True)
    summed = np.bincount(places, weights).astype(np.float32)
    order = np.lexsort((distinct, -summed))[:MAX_NEIGHBOURS]
    return distinct[order], summed[order]


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
