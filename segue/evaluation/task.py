"""The task that all systems share: what lies before the cut to learn from, what lies after it to be ranked.

Dated histories are cut at one time for all. Where the data has no times, one history in ten is held back whole, chosen
by name and seed; a dataset folder without them is what systems learn from. Knows datasets and histories, no system.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from segue.dataset import Dataset, write_dataset
from segue.errors import DatasetError
from segue.evaluation.positions import Position, positions, spread
from segue.evaluation.systems import Material
from segue.session import to_ms
from segue.tokens.codebook import Integers
from segue.tokens.histories import (
    DIALOGUE,
    PLAYLIST,
    SESSION,
    History,
    dialogue_history,
    held_back_from,
    listener_histories,
    playlist_history,
    read_histories,
    whose,
)
from segue.tokens.vocabulary import Vocabulary
from segue.training.corpus import Corpus, TrainingRules, read_corpus

UNDATED_HELD_BACK = 10
NEWEST_SHARE = 0.1

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TaskRules:
    """How a dataset is cut. Without `until`, the newest tenth of what is dated is tested; `seed` chooses the undated.

    `undated` says whether undated histories are held back at all: a checkpoint that has seen them cannot be tested.
    """

    until: datetime | None = None
    most_positions: int = 20_000
    most_validation_positions: int = 1_000
    seed: int = 1
    undated: bool = True


@dataclass(frozen=True, slots=True)
class Task:
    """The cut dataset. `learnable` is the folder that may be read for training, up to the rules' `until`.

    `counts` are the wanted occurrences of each track before the cut, [tracks]; `is_cold` marks tracks that nothing
    before the cut holds, [tracks].
    """

    dataset: Dataset
    learnable: Dataset
    rules: TaskRules
    material: Material
    positions: Sequence[Position]
    counts: Integers
    is_cold: Mask

    @property
    def cut_ms(self) -> int:
        """The cut in Unix milliseconds; 0 where nothing is dated."""
        return to_ms(self.rules.until) if self.rules.until else 0

    @property
    def identity(self) -> tuple[object, ...]:
        """What two tasks have in common exactly when their results may be compared: content, histories, positions."""
        corpus = self.material.corpus
        return (
            self.rules,
            self.material.tracks,
            [
                (history.kind, history.name, history.label, history.moments, history.texts)
                for history in corpus.histories
            ],
            [(each.history, each.place, each.wanted, len(each.excluded)) for each in self.positions],
            [(each.history, each.place) for each in (*corpus.validation, *self.material.cold_validation)],
        )

    def positions_in(self, vocabulary: Vocabulary) -> Sequence[Position]:
        """Return the same positions with utterances in another vocabulary's words."""
        if vocabulary.words == self.material.corpus.vocabulary.words:
            return self.positions
        tested = _tested(read_histories(self.dataset, _rows(self.material), vocabulary), self.rules)
        return spread(tested, self.rules.most_positions)


def make_task(dataset: Dataset, work: Path, rules: TaskRules) -> Task:
    """Cut a dataset; `work` is a folder for what is learned from. Raises DatasetError where nothing can be tested."""
    rules = replace(rules, until=rules.until or _newest(dataset))
    learnable = _without_held_back(dataset, work / "learnable", rules)
    corpus = read_corpus(
        learnable, TrainingRules(until=rules.until, most_validation_positions=rules.most_validation_positions)
    )
    known = {track.track_id for track in corpus.tracks}
    newcomers = [track for track in dataset.tracks() if track.track_id not in known]
    material = Material(corpus, newcomers, _cold_validation(corpus))
    tested = _tested(read_histories(dataset, _rows(material), corpus.vocabulary), rules)
    if not tested:
        raise DatasetError(f"{dataset.folder} holds no position to test on after the cut {rules.until}")
    counts, is_cold = _known(dataset, len(material.tracks), material, rules)
    return Task(dataset, learnable, rules, material, spread(tested, rules.most_positions), counts, is_cold)


def _rows(material: Material) -> dict[str, int]:
    return {track.track_id: row for row, track in enumerate(material.tracks)}


def _newest(dataset: Dataset) -> datetime | None:
    """Return the day, UTC, at which the newest tenth of what is dated begins; None where nothing is dated."""
    added = (entry.added_at for playlist in dataset.playlists() for entry in playlist.entries)
    played = (event.event_time for session in dataset.sessions() for event in session.events)
    times = sorted(moment for moment in (*added, *played) if moment is not None)
    if not times:
        return None
    return datetime.combine(times[int(len(times) * (1.0 - NEWEST_SHARE))].astimezone(UTC).date(), time.min, UTC)


def _is_held_back(kind: str, name: str, rules: TaskRules) -> bool:
    """Whether an undated history is tested, and kept from what is learned from."""
    return rules.undated and zlib.crc32(f"{rules.seed} {kind} {name}".encode()) % UNDATED_HELD_BACK == 0


def _without_held_back(dataset: Dataset, folder: Path, rules: TaskRules) -> Dataset:
    """Return a dataset without the histories that are held back whole: itself where there are none."""
    playlists, sessions, dialogues = list(dataset.playlists()), list(dataset.sessions()), list(dataset.dialogues())
    kept_playlists = [
        row
        for row in playlists
        if any(entry.added_at for entry in row.entries)
        or not (row.entries and _is_held_back(PLAYLIST, row.playlist_id, rules))
    ]
    kept_sessions = [
        row
        for row in sessions
        if any(event.event_time for event in row.events)
        or not (row.events and _is_held_back(SESSION, whose(row), rules))
    ]
    kept_dialogues = [row for row in dialogues if not _is_held_back(DIALOGUE, row.dialogue_id, rules)]
    kept = len(kept_playlists), len(kept_sessions), len(kept_dialogues)
    if kept == (len(playlists), len(sessions), len(dialogues)):
        return dataset
    write_dataset(folder, dataset.tracks(), kept_playlists, kept_sessions, kept_dialogues)
    return Dataset.open(folder)


def _start(history: History, rules: TaskRules) -> int:
    """Return the place of the first moment of a history that nobody may learn from."""
    if not history.dated:
        return 0 if _is_held_back(history.kind, history.name, rules) else len(history.moments)
    assert rules.until is not None, "a dataset with times is cut at one"
    until_ms = to_ms(rules.until)
    return sum(moment.time_ms < until_ms for moment in history.moments)


def _tested(histories: Sequence[History], rules: TaskRules) -> list[Position]:
    return [position for history in histories for position in positions(history, _start(history, rules))]


def _cold_validation(corpus: Corpus) -> list[Position]:
    held = (
        position
        for history in corpus.histories
        for position in positions(history, held_back_from(history, corpus.validation_ms))
    )
    return spread([each for each in held if not corpus.recommendable[each.wanted]], max(1, len(corpus.validation)))


def _known(dataset: Dataset, tracks: int, material: Material, rules: TaskRules) -> tuple[Integers, Mask]:
    """Return how often each track was wanted before the cut, and which tracks nothing before it holds."""
    rows = _rows(material)
    vocabulary = material.corpus.vocabulary
    counts, is_cold = np.zeros(tracks, np.int64), np.ones(tracks, bool)
    histories = (
        *(playlist_history(playlist, rows) for playlist in dataset.playlists()),
        *listener_histories(dataset.sessions(), rows),
        *(dialogue_history(dialogue, rows, vocabulary) for dialogue in dataset.dialogues()),
    )
    for history in histories:
        before = [moment for moment in history.moments[: _start(history, rules)] if moment.is_track]
        is_cold[[moment.row for moment in before]] = False
        np.add.at(counts, [moment.row for moment in before if moment.wanted], 1)
    return counts, is_cold
