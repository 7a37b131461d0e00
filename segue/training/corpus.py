"""What a dataset gives to training as of the cut: tracks, histories, made-up dialogues, and the part that is held back.

Knows datasets and histories, nothing about the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from segue.catalog import Track
from segue.dataset import Dataset, Dialogue
from segue.errors import DatasetError
from segue.evaluation.positions import Position, positions, spread
from segue.session import to_ms
from segue.tokens.fitting import CodebookRules
from segue.tokens.histories import (
    PLAYLIST,
    History,
    cut,
    dialogue_history,
    existing_tracks,
    held_back_from,
    read_histories,
    sightings,
    word_vocabulary,
)
from segue.tokens.vocabulary import Vocabulary
from segue.training.loop import LoopRules
from segue.training.synthesis.dialogues import synthesise
from segue.training.text_tuning import TextTuningRules

# Mixtures may weigh made-up dialogues apart from real ones.
SYNTHETIC = "synthetic dialogue"


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """What a training run depends on, beside the dataset; `without` names modalities that are no evidence.

    `tuning` says how the text encoder is fine-tuned where there are dialogues; None leaves closeness out.
    """

    until: datetime | None = None
    without: tuple[str, ...] = ()
    width: int = 256
    layers: int = 4
    most_words: int = 4_000
    word_buckets: int = 256
    validation_share: float = 0.06
    most_validation_positions: int = 500
    synthetic_dialogues: int = 0
    codebooks: CodebookRules = field(default_factory=CodebookRules)
    loop: LoopRules = field(default_factory=LoopRules)
    tuning: TextTuningRules | None = field(default_factory=TextTuningRules)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a dataset gives to training as of the cut: tracks, histories, and the part of them that is held back.

    `recommendable` tells which tracks were there when the held-back part began, [tracks]: a catalogue as of then
    knows no other, so `validation` looks for no other and ranks among no other. `arrivals` are positions whose wanted
    track came later; they stand for `arrival_share` of all held-back positions. `spoken` are positions behind words.
    """

    tracks: Sequence[Track]
    vocabulary: Vocabulary
    histories: Sequence[History]
    training: Sequence[History]
    validation: Sequence[Position]
    arrivals: Sequence[Position]
    arrival_share: float
    spoken: Sequence[Position]
    recommendable: npt.NDArray[np.bool_]
    now_ms: int
    validation_ms: int


def read_corpus(dataset: Dataset, rules: TrainingRules) -> Corpus:
    """Read tracks and histories as of the cut, and hold the newest part back for validation."""
    until_ms = None if rules.until is None else to_ms(rules.until)
    tracks = existing_tracks(dataset, until_ms)
    rows = {track.track_id: row for row, track in enumerate(tracks)}
    times = np.sort([time_ms for _, time_ms in sightings(dataset) if 0 < time_ms < (until_ms or 2**62)])
    validation_ms = int(times[int(len(times) * (1.0 - rules.validation_share))]) if len(times) else 0
    synthetic = _synthetic(dataset, rules, validation_ms)
    vocabulary = word_vocabulary(dataset, tracks, rules.most_words, rules.word_buckets, synthetic)
    histories = read_histories(dataset, rows, vocabulary, until_ms)
    if not any(moment.wanted for history in histories for moment in history.moments):
        raise DatasetError(f"{dataset.folder} holds no playlist, session or dialogue to learn from before the cut")
    starts = [held_back_from(history, validation_ms) for history in histories]
    held = [
        position for history, start in zip(histories, starts, strict=True) for position in positions(history, start)
    ]
    training = [cut(history, start) for history, start in zip(histories, starts, strict=True) if start > 1]
    made_up = (dialogue_history(dialogue, rows, vocabulary) for dialogue in synthetic)
    training += [replace(history, kind=SYNTHETIC) for history in made_up if len(history.moments) > 1]
    recommendable = _known(training, len(tracks)) | ~_known(histories, len(tracks))
    known = [each for each in held if recommendable[each.wanted]]
    arrived = [each for each in held if not recommendable[each.wanted]]
    return Corpus(
        tracks=tracks,
        vocabulary=vocabulary,
        histories=histories,
        training=training,
        validation=spread(known, rules.most_validation_positions),
        arrivals=spread(arrived, rules.most_validation_positions),
        arrival_share=len(arrived) / max(1, len(held)),
        spoken=spread([each for each in known if each.texts], rules.most_validation_positions),
        recommendable=recommendable,
        now_ms=until_ms or (int(times[-1]) if len(times) else 0),
        validation_ms=validation_ms,
    )


def _synthetic(dataset: Dataset, rules: TrainingRules, validation_ms: int) -> list[Dialogue]:
    """Make dialogues up from what training may see: the playlists as of validation, without those held back whole."""
    if not rules.synthetic_dialogues:
        return []
    held = {
        playlist.playlist_id
        for playlist in dataset.playlists()
        if not held_back_from(History(PLAYLIST, playlist.playlist_id, ()), validation_ms)
        and not any(entry.added_at for entry in playlist.entries)
    }
    until_ms = validation_ms or None
    return list(synthesise(dataset, rules.synthetic_dialogues, rules.loop.seed, until_ms, without=held))


def _known(histories: Sequence[History], tracks: int) -> npt.NDArray[np.bool_]:
    """Return which tracks occur in the histories, [tracks]."""
    known = np.zeros(tracks, bool)
    known[[moment.row for history in histories for moment in history.moments if moment.is_track]] = True
    return known
