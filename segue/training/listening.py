"""What training teaches about listening to words: a text encoder fine-tuned on dialogues, and its view of the tracks.

Whether it is kept, and what closeness weighs, is chosen later on dialogues that are held back (`weighing.py`). Knows a
corpus and an encoder, no decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from segue.catalog import Track
from segue.model.closeness import Closeness
from segue.model.index import Index
from segue.model.neighbour_lists import NO_NEIGHBOURS
from segue.model.text_difference import Arrays
from segue.model.text_encoder import PackagedEncoder
from segue.model.track_vectors import TrackVectors
from segue.tokens.asking import described
from segue.tokens.codebook import Floats
from segue.training.corpus import Corpus, TrainingRules
from segue.training.text_examples import text_examples
from segue.training.text_tuning import tune_text_encoder
from segue.training.watch import Watch

# Four fifths of what is learned come with the first 2,000 questions (docs/lab-log.md); each takes 40 ms of a core.
MOST_QUESTIONS = 3_000
_TRACKS_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class Listening:
    """The fine-tuned encoder as a difference to the package's, and what it makes of the tracks."""

    difference: Arrays
    vectors: TrackVectors

    def closeness(self, tracks: Sequence[Track]) -> Closeness:
        """Return what compares texts with these tracks, the ones that it was made for."""
        return Closeness(PackagedEncoder(self.difference), self.vectors, tracks)


def listen(corpus: Corpus, rules: TrainingRules, watch: Watch) -> Listening | None:
    """Fine-tune on the dialogues that are not held back; None where there are none, or none to choose a weight on."""
    if rules.tuning is None or not any(position.texts for position in (*corpus.spoken, *corpus.arrivals)):
        return None
    examples = text_examples(corpus.training, _words_of(corpus.tracks))
    if not examples:
        return None
    step = max(1.0, len(examples) / MOST_QUESTIONS)
    chosen = [examples[int(place * step)] for place in range(min(MOST_QUESTIONS, len(examples)))]
    texts = [described(track) for track in corpus.tracks]
    watch.phase("Fine-tuning the text encoder")
    difference = tune_text_encoder(texts, chosen, replace(rules.tuning, seed=rules.loop.seed), watch)
    watch.phase("Reading the tracks")
    return Listening(difference, TrackVectors.of(_encoded(PackagedEncoder(difference), texts, watch)))


def _words_of(tracks: Sequence[Track]) -> Index:
    """Return an index that knows of the tracks what they say of themselves."""
    count = len(tracks)
    return Index.of(tracks, np.zeros((count, 0), np.int64), (), [NO_NEIGHBOURS] * count, np.zeros(count, np.float32))


def _encoded(encoder: PackagedEncoder, texts: Sequence[str], watch: Watch) -> Floats:
    parts = []
    for start in range(0, len(texts), _TRACKS_AT_ONCE):
        parts.append(encoder.encode(texts[start : start + _TRACKS_AT_ONCE]))
        watch.step(min(start + _TRACKS_AT_ONCE, len(texts)), len(texts), 0.0, 0.0)
    return np.concatenate(parts)
