"""What the recommender knows of one track, in a person's words: codes by name, since when, and on what evidence.

Reads an index and the codebooks; knows no sessions and no scores.
"""

from __future__ import annotations

from collections.abc import Iterator

from segue.catalog import LiveCode, NamedChange, NearTrack, Track, TrackCode, TrackDescription
from segue.model.index import Index, Told
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES

MOST_NEAR = 10
_NOTHING = Told(None, None)


def describe(index: Index, codebooks: Codebooks, track_id: str) -> TrackDescription | None:
    """Return the track's description; None where nothing is known of it, or it was removed."""
    row = index.rows.get(track_id)
    if row is None or _gone(index, row):
        return None
    told = (index.told[row] if row < len(index.told) else None) or _NOTHING
    # Numbers of other codebooks name other clusters, and move no code here.
    live = told.live if told.live is not None and told.live.codebook_version == codebooks.version else None
    return TrackDescription(
        track=index.tracks[row] or Track(track_id),
        recommendable=bool(index.recommendable[row]),
        codes=tuple(_codes(index, codebooks, row, live)),
        live=live,
        changes=tuple(_changes(codebooks, live)),
        neighbours=tuple(_near(index, row)),
        version=max(0, int(index.versions[row])),
        event_time=told.event_time,
    )


def _gone(index: Index, row: int) -> bool:
    return index.tracks[row] is not None and not index.recommendable[row]


def _codes(index: Index, codebooks: Codebooks, row: int, live: LiveCode | None) -> Iterator[TrackCode]:
    since = live.changes[-1].event_time if live and live.changes else None
    for modality, code, size in zip(MODALITIES, index.codes[row].tolist(), index.code_sizes, strict=True):
        if code < size:
            moved = since if modality == "playlist" else None
            yield TrackCode(modality, code, codebooks.name(modality, code), moved)


def _changes(codebooks: Codebooks, live: LiveCode | None) -> Iterator[NamedChange]:
    for change in live.changes if live else ():
        before = "" if change.before is None else codebooks.name("playlist", change.before)
        yield NamedChange(change.event_time, before, codebooks.name("playlist", change.after))


def _near(index: Index, row: int) -> Iterator[NearTrack]:
    rows, weights = index.neighbours[row]
    known = ((index.tracks[near], weight) for near, weight in zip(rows.tolist(), weights.tolist(), strict=True))
    named = [(track, weight) for track, weight in known if track is not None]
    for track, weight in named[:MOST_NEAR]:
        yield NearTrack(track.track_id, track.title, track.artists, round(weight, 6))
