"""What is chosen before the cut, on its last weeks, as the arms will be asked: days, powers and weights.

Nothing after the cut is looked at. Knows settings and what they are tried on, not the arms' results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from segue.evaluation.live.arms import FROZEN, LIVE, AsOf
from segue.evaluation.live.bases import index_as_of
from segue.evaluation.live.blending import KNOWN, gather, gather_cold, joined
from segue.evaluation.live.cold import LENGTHS, SHARPNESSES, Dense, DenseSettings, cold_questions, reciprocal_ranks
from segue.evaluation.live.edits import EditLog
from segue.evaluation.live.history import Settings
from segue.evaluation.live.shelves import Question
from segue.evaluation.live.stream import Stream
from segue.evaluation.live.system import Follower, SystemArm
from segue.evaluation.live.walk import Day, Walk, core_playlists
from segue.evaluation.metrics import RankingMetrics, rank_of
from segue.evaluation.tuning import quality
from segue.model.checkpoint import Checkpoint
from segue.model.scoring import BlendWeights
from segue.tokens.codebook import Floats, Integers
from segue.training.blend import choose
from segue.training.terms import TERMS, Terms
from segue.training.watch import Watch

DEVELOPMENT_DAYS = 28
DAYS = (0.75, 1.5, 3.0, 7.0, 20.0, 60.0)
EXPONENTS = (0.0, 0.25, 0.5)
PLACE_POWERS = (0.0, 0.5, 1.0)
POPULARITY_DAYS = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
POPULARITY_WEIGHTS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0)
CODES_ALONE = BlendWeights(words=0.0, neighbours=0.0, popularity=1.0, decoder=1.0)
_MOST_POSITIONS = 1_500


@dataclass(frozen=True, slots=True)
class Simple:
    """What is chosen for arms without a model, following and standing still."""

    live: Settings
    frozen: Settings
    popularity_days: float


@dataclass(frozen=True, slots=True)
class Served:
    """What is chosen for the model's arms: weights of the whole, weights of codes alone, how dense vectors are read."""

    weights: BlendWeights
    codes: BlendWeights
    dense: DenseSettings


def choose_simple(log: EditLog, cut: int) -> Simple:
    """Choose item-kNN's settings for following and for standing still, and how fast popularity fades."""
    first = cut - DEVELOPMENT_DAYS
    walk = Walk(log, core_playlists(log, first))
    days = list(walk.days(first, cut))

    def knn(pace: str) -> Callable[[Settings], float]:
        as_of = AsOf(pace, first)
        return lambda settings: _reached(
            days, lambda day, question: walk.history.neighbours(question, as_of(day.day), settings)
        )

    def popularity(fading: float) -> float:
        return _reached(days, lambda day, _: walk.history.popularity(day.known, day.day, fading))

    return Simple(_best_settings(knn(LIVE)), _best_settings(knn(FROZEN)), max(POPULARITY_DAYS, key=popularity))


def choose_served(log: EditLog, cut: int, checkpoint: Checkpoint, live: Settings, seed: int, watch: Watch) -> Served:
    """Choose the weights with which the model is served, each of the last days asked of the index of the day before."""
    first = cut - DEVELOPMENT_DAYS
    stream = Stream()
    follower = Follower.of(stream, log, checkpoint.codebooks, index_as_of(log, first, checkpoint, live.days))
    walk = Walk(log, core_playlists(log, first), stream)
    walk.until(first)
    walk.listeners.append(follower.note)
    random = np.random.default_rng(seed)
    track_ids = list(log.tracks)
    dense = Dense(list(log.tracks.values()))
    arm = SystemArm.of(checkpoint, replace(checkpoint.weights, decoder=1.0), track_ids)
    known, cold = [], []
    reached: dict[DenseSettings, list[float]] = {}
    for day in walk.days(first, cut):
        watch.step(day.day - first, cut - first, 0.0, 0.0)
        arm.use(follower.with_content([log.tracks[track_id] for track_id in track_ids[day.known : day.after]]))
        new = np.arange(day.known, day.after)
        known.append(gather(arm, day.questions, live.place_power, random, day.known))
        cold.append(gather_cold(arm, cold_questions(day), new, live.place_power))
        for settings, values in _dense(dense, day):
            reached.setdefault(settings, []).extend(values)
    if not known:
        return Served(checkpoint.weights, CODES_ALONE, DenseSettings())
    terms = joined([_thinned(known, random), _thinned(cold, random)])
    weights = choose(terms, live.place_power, seed, live=True)
    best = max(reached, key=lambda settings: float(np.mean(reached[settings]))) if reached else DenseSettings()
    return Served(weights, _codes_alone(terms, live.place_power), best)


def _reached(days: Sequence[Day], scores: Callable[[Day, Question], Floats]) -> float:
    ranks = [
        rank_of(found, row, question.inside)
        for day in days
        for question in day.questions
        if question.known_wanted
        for found in [scores(day, question)]
        for row in question.known_wanted
    ]
    return quality(RankingMetrics.of(ranks))


def _best_settings(reached: Callable[[Settings], float]) -> Settings:
    best = max((Settings(days, exponent) for days, exponent in product(DAYS, EXPONENTS)), key=reached)
    return max((replace(best, place_power=power) for power in PLACE_POWERS), key=reached)


def _dense(dense: Dense, day: Day) -> Iterator[tuple[DenseSettings, list[float]]]:
    new = np.arange(day.known, day.after)
    for question in cold_questions(day):
        for length, sharpness in product(LENGTHS, SHARPNESSES):
            settings = DenseSettings(length, sharpness)
            found: Mapping[str, Floats] = {"": dense.scores(question, new, settings)}
            yield settings, reciprocal_ranks(found, question, day)[""]


def _thinned(parts: Sequence[Terms], random: np.random.Generator) -> Terms:
    """Return at most _MOST_POSITIONS positions, drawn evenly from what was gathered."""
    whole = joined(parts)
    if len(whole.wanted) <= _MOST_POSITIONS:
        return whole
    kept = np.sort(random.choice(len(whole.wanted), _MOST_POSITIONS, replace=False))
    return _part(whole, kept)


def _part(terms: Terms, kept: Integers) -> Terms:
    return Terms(terms.values[kept], terms.wanted[kept], terms.allowed[kept], terms.kinds[kept], terms.weights[kept])


def _codes_alone(terms: Terms, place_power: float) -> BlendWeights:
    """Return what popularity weighs beside the decoder's codes where nothing else is asked."""
    known = _part(terms, np.flatnonzero(terms.kinds == KNOWN))

    def reached(weight: float) -> float:
        weights = replace(CODES_ALONE, popularity=weight)
        ranks = known.ranks(np.array([getattr(weights, name) for name in TERMS], np.float32))
        return quality(RankingMetrics.of(ranks))

    return replace(CODES_ALONE, popularity=max(POPULARITY_WEIGHTS, key=reached), place_power=place_power)
