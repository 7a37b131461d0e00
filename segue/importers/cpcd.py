"""The Conversational Playlist Curation Dataset (Chaganty et al., 2023), in its own schema, into a dataset folder.

Keeps of each turn what was said, searched for, liked, disliked and replied; of each track title, artists and release;
and the goal playlist. What was shown but not rated is not known here, so the rated tracks count as the recommended
ones. Knows nothing about how the dialogues are used; the goal playlists are not written as playlists, so that learning
from playlists does not give the answers away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from segue.catalog import Track, validate_track
from segue.dataset import Dialogue, DialogueTurn, validate_dialogue, write_dataset
from segue.errors import DatasetError, InvalidMessage, Violation
from segue.importers.rows import BadRows, read, refuse_overwriting
from segue.jsonlines import Watch, unwatched
from segue.printable import repaired


class _TrackRow(msgspec.Struct, frozen=True):
    track_titles: str
    track_artists: tuple[str, ...] = ()
    track_release_titles: str = ""


class _CatalogRow(_TrackRow, frozen=True, kw_only=True):
    track_ids: str


class _TurnRow(msgspec.Struct, frozen=True):
    user_query: str
    system_response: str = ""
    search_queries: tuple[str, ...] = ()
    liked_results: tuple[str, ...] = ()
    disliked_results: tuple[str, ...] = ()


class _DialogueRow(msgspec.Struct, frozen=True):
    id: str
    tracks: dict[str, _TrackRow]
    turns: tuple[_TurnRow, ...]
    goal_playlist: tuple[str, ...] = ()


@dataclass(slots=True)
class CpcdSummary:
    """What was written and left out: rows of the file = dialogues + skipped."""

    dialogues: int = 0
    turns: int = 0
    tracks: int = 0
    skipped: int = 0
    complaints: list[str] = field(default_factory=list)


def import_cpcd(source: Path, out: Path, *, skip_bad: bool = False, watch: Watch = unwatched) -> CpcdSummary:
    """Read the file, gzip or not, and write the dataset folder. Tracks are held in memory, dialogues are not.

    Raises DatasetError when the file is missing, and at a bad row unless they are to be skipped.
    """
    if not source.is_file():
        raise DatasetError(f"{source} is not there; give the file with the dialogues, .jsonl or .jsonl.gz")
    refuse_overwriting(source.parent, out)
    bad = BadRows(skip=skip_bad)
    summary = CpcdSummary()
    tracks: dict[str, Track] = {}

    def take(row: _DialogueRow) -> Dialogue:
        dialogue, named = _dialogue(row), _tracks(row)
        for track in named:
            # Some name a track twice, by different releases; the first one stays.
            tracks.setdefault(track.track_id, track)
        summary.turns += len(dialogue.turns)
        return dialogue

    # The writer asks for the tracks last, when every dialogue has passed.
    written = write_dataset(out, tracks.values(), dialogues=read(source, _DialogueRow, take, bad, watch))
    summary.dialogues, summary.tracks = written["dialogues"], written["catalog"]
    summary.skipped, summary.complaints = bad.count, bad.complaints
    return summary


def read_cpcd(source: Path) -> tuple[list[Dialogue], dict[str, Track]]:
    """Return the dialogues of a file, gzip or not, and the tracks that they describe, by id.

    Raises DatasetError when the file cannot be read, and at a bad row.
    """
    tracks: dict[str, Track] = {}

    def take(row: _DialogueRow) -> Dialogue:
        for track in _tracks(row):
            tracks.setdefault(track.track_id, track)
        return _dialogue(row)

    return list(read(source, _DialogueRow, take, BadRows())), tracks


def read_cpcd_catalog(source: Path) -> dict[str, Track]:
    """Return the tracks of a file with one track a line, described as in the dialogues and with its id `track_ids`."""

    def take(row: _CatalogRow) -> Track:
        return _track(row.track_ids, row)

    return {track.track_id: track for track in read(source, _CatalogRow, take, BadRows())}


def _dialogue(row: _DialogueRow) -> Dialogue:
    _refuse_unknown(row)
    dialogue = Dialogue(dialogue_id=row.id, goal_track_ids=row.goal_playlist, turns=tuple(map(_turn, row.turns)))
    validate_dialogue(dialogue)
    return dialogue


def _turn(turn: _TurnRow) -> DialogueTurn:
    return DialogueTurn(
        text=turn.user_query,
        searches=turn.search_queries,
        liked_track_ids=turn.liked_results,
        disliked_track_ids=turn.disliked_results,
        recommended_track_ids=(*turn.liked_results, *turn.disliked_results),
        reply=turn.system_response,
    )


def _tracks(row: _DialogueRow) -> list[Track]:
    return [_track(track_id, track) for track_id, track in row.tracks.items()]


def _track(track_id: str, row: _TrackRow) -> Track:
    track = Track(
        track_id=track_id,
        title=repaired(row.track_titles),
        artists=tuple(map(repaired, row.track_artists)),
        album=repaired(row.track_release_titles),
    )
    validate_track(track)
    return track


def _refuse_unknown(row: _DialogueRow) -> None:
    """Raise InvalidMessage when the goal or a rating names a track that the row does not describe."""
    rated = (track_id for turn in row.turns for track_id in (*turn.liked_results, *turn.disliked_results))
    for track_id in (*row.goal_playlist, *rated):
        if track_id not in row.tracks:
            raise InvalidMessage(Violation("tracks", f"lacks {track_id}, which the goal or a turn names"))
