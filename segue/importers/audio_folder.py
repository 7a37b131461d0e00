"""A folder of audio files into features: a file of rows, or a dataset folder whose tracks have them.

Knows rows and folders; `segue/tokens/audio.py` hears the files. All features are held, about 1 KB a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from segue.catalog import Track
from segue.dataset import DIALOGUES, PLAYLISTS, SESSIONS, Dataset, write_dataset
from segue.errors import DatasetError
from segue.importers.rows import MAX_COMPLAINTS, refuse_overwriting
from segue.jsonlines import Watch, unwatched
from segue.tokens.audio import Sound, listen


@dataclass(slots=True)
class AudioSummary:
    """What became of the files: heard ones, skipped ones, and of a dataset the tracks that got features of them."""

    heard: int = 0
    skipped: int = 0
    tracks: int = 0
    complaints: list[str] = field(default_factory=list)


def write_features(folder: Path, out: Path, watch: Watch = unwatched) -> AudioSummary:
    """Write one JSON line for each file that was heard: `track_id`, `key`, `audio_features`. Raises DatasetError."""
    summary = AudioSummary()
    if out.suffix not in (".jsonl", ".json"):
        raise DatasetError(f"{out} is to hold JSON lines; let its name end in .jsonl")
    try:
        with out.open("wb") as file:
            for sound in _sounds(folder, summary, watch):
                row = {"track_id": sound.track_id, "key": sound.key, "audio_features": sound.features}
                file.write(msgspec.json.encode(row) + b"\n")
    except OSError as error:
        raise DatasetError(f"cannot write {out}: {error}") from error
    return summary


def write_heard_dataset(folder: Path, dataset: Dataset, out: Path, watch: Watch = unwatched) -> AudioSummary:
    """Write the dataset again, to the folder `out`, its tracks with what their files sound like; the others as before.

    Raises DatasetError.
    """
    refuse_overwriting(dataset.folder, out)
    summary = AudioSummary()
    features = {sound.track_id: sound.features for sound in _sounds(folder, summary, watch)}

    def tracks() -> Iterator[Track]:
        for track in dataset.tracks():
            heard = features.get(track.track_id)
            summary.tracks += heard is not None
            yield track if heard is None else msgspec.structs.replace(track, audio_features=heard)

    write_dataset(
        out,
        watch(tracks(), "writing tracks"),
        dataset.playlists() if PLAYLISTS in dataset.files else None,
        dataset.sessions() if SESSIONS in dataset.files else None,
        dataset.dialogues() if DIALOGUES in dataset.files else None,
    )
    return summary


def _sounds(folder: Path, summary: AudioSummary, watch: Watch) -> Iterator[Sound]:
    for each in watch(listen(folder), "listening"):
        if isinstance(each, Sound):
            summary.heard += 1
            yield each
        else:
            summary.skipped += 1
            if len(summary.complaints) < MAX_COMPLAINTS:
                summary.complaints.append(f"{each.path} {each.reason}")
