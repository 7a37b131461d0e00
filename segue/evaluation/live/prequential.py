"""All arms over the same days after the cut, and what each reached. Knows what arms are made of, prints nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segue.evaluation.live.arms import FROZEN, LIVE, WEEKLY, Arm, AsOf, KnnArm, PopularityArm
from segue.evaluation.live.bases import index_as_of, playlist_codes
from segue.evaluation.live.choosing import Served, Simple
from segue.evaluation.live.classes import ClassArm, Following, Refits, renumbered
from segue.evaluation.live.cold import Dense, cold_questions, reciprocal_ranks, system_answers
from segue.evaluation.live.edits import EditLog
from segue.evaluation.live.flips import Flips
from segue.evaluation.live.shelves import Question
from segue.evaluation.live.stream import Stream
from segue.evaluation.live.system import Follower, SystemArm, SystemArms
from segue.evaluation.live.walk import Day, Walk, core_playlists
from segue.evaluation.metrics import MISSED, rank_of
from segue.model.checkpoint import Checkpoint
from segue.model.index import Index
from segue.model.scoring import BlendWeights
from segue.tokens.codebook import Integers
from segue.tokens.content import MODALITIES
from segue.tokens.fitting import CodebookRules
from segue.training.watch import Watch

SYSTEM, CODES, CLASSES, KNN, POPULARITY = "system", "codes", "classes", "item-knn", "popularity"
REFITTED, MOVED, AS_TRAINED = "refitted weekly", "moved", "as trained"
DENSE = "minilm dense"


@dataclass(slots=True)
class Outcome:
    """What was predicted, position by position: where and when, and each arm's rank of the wanted track.

    `days`, `playlists` and `rows` are alike long; tracks that nobody knew are MISSED by all. `cold` are reciprocal
    ranks of new tracks among the day's own, by arm, at `cold_playlists`.
    """

    days: list[int] = field(default_factory=list)
    playlists: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    ranks: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    cold: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cold_playlists: list[str] = field(default_factory=list)
    flips: Flips = field(default_factory=Flips)

    def note(self, day: Day, arms: Sequence[Arm]) -> None:
        """Ask all arms about a day and rank what was wanted."""
        for question in day.questions:
            self.days += [day.day] * len(question.wanted)
            self.playlists += [question.playlist_id] * len(question.wanted)
            self.rows += question.wanted
        # One arm and question at a time: scores of all of them would take much memory.
        for arm in arms:
            for question, scores in zip(day.questions, arm.answers(day), strict=True):
                for name, values in scores.items():
                    self.ranks[name] += [
                        rank_of(values, row, question.inside) if row < day.known else int(MISSED)
                        for row in question.wanted
                    ]


@dataclass(slots=True)
class Setting:
    """What the arms are made of: the log and its cut, the trained checkpoint, and what was chosen before the cut."""

    log: EditLog
    cut: int
    checkpoint: Checkpoint
    simple: Simple
    served: Served
    codebook_rules: CodebookRules = field(default_factory=CodebookRules)


def predict(setting: Setting, last: int, watch: Watch) -> Outcome:
    """Ask all arms about every day from the cut on and before `last`."""
    log, cut = setting.log, setting.cut
    outcome, stream = Outcome(), Stream()
    base = index_as_of(log, cut, setting.checkpoint, setting.simple.live.days)
    follower = Follower.of(stream, log, setting.checkpoint.codebooks, base, outcome.flips)
    walk = Walk(log, core_playlists(log, cut), stream)
    walk.until(cut)
    walk.listeners.append(follower.note)
    arms = [*_simple_arms(setting, walk), *_model_arms(setting, follower, base), *_class_arms(setting, walk, follower)]
    track_ids, dense = list(log.tracks), Dense(list(log.tracks.values()))
    cold_arm = SystemArm.of(setting.checkpoint, setting.served.weights, track_ids)
    for day in walk.days(cut, last):
        watch.step(day.day - cut, last - cut, 0.0, 0.0)
        follower.day = day.day
        outcome.note(day, arms)
        if cold := cold_questions(day):
            cold_arm.use(follower.with_content([log.tracks[each] for each in track_ids[day.known : day.after]]))
            _note_cold(outcome, day, cold, cold_arm, dense, setting.served)
    return outcome


def _note_cold(
    outcome: Outcome, day: Day, cold: Sequence[Question], arm: SystemArm, dense: Dense, served: Served
) -> None:
    new = np.arange(day.known, day.after)
    for question, values in zip(cold, system_answers(arm, day, cold), strict=True):
        scores = {SYSTEM: values, DENSE: dense.scores(question, new, served.dense)}
        for name, found in reciprocal_ranks(scores, question, day).items():
            outcome.cold[name] += found
        outcome.cold_playlists += [question.playlist_id] * len(question.wanted)


def _simple_arms(setting: Setting, walk: Walk) -> list[Arm]:
    paces = {pace: AsOf(pace, setting.cut) for pace in (FROZEN, WEEKLY, LIVE)}
    chosen = {FROZEN: setting.simple.frozen, WEEKLY: setting.simple.live, LIVE: setting.simple.live}
    days = setting.simple.popularity_days
    return [
        PopularityArm(f"{POPULARITY} {FROZEN}", walk.history, days, paces[FROZEN]),
        PopularityArm(f"{POPULARITY} {LIVE}", walk.history, days, paces[LIVE]),
        *(KnnArm(f"{KNN} {pace}", walk.history, chosen[pace], as_of) for pace, as_of in paces.items()),
    ]


def _model_arms(setting: Setting, follower: Follower, base: Index) -> list[Arm]:
    """Return the whole system and codes alone, at each pace; the first that follows moves the index for all."""
    log, cut, served = setting.log, setting.cut, setting.served
    track_ids = list(log.tracks)

    def arm(weights: BlendWeights, index: Index) -> SystemArm:
        made = SystemArm.of(setting.checkpoint, weights, track_ids)
        made.use(index)
        return made

    weekly, live = AsOf(WEEKLY, cut), AsOf(LIVE, cut)
    return [
        SystemArms(f"{SYSTEM} {FROZEN}, {AS_TRAINED}", arm(setting.checkpoint.weights, setting.checkpoint.index)),
        SystemArms(f"{SYSTEM} {FROZEN}", arm(served.weights, base)),
        SystemArms(f"{SYSTEM} {WEEKLY}", arm(served.weights, base), follower, weekly),
        SystemArms(f"{SYSTEM} {LIVE}", arm(served.weights, base), follower, live),
        SystemArms(f"{CODES} {FROZEN}", arm(served.codes, base)),
        SystemArms(f"{CODES} {LIVE}", arm(served.codes, base), follower, live),
    ]


def _class_arms(setting: Setting, walk: Walk, follower: Follower) -> list[Arm]:
    log, cut, history, days = setting.log, setting.cut, walk.history, setting.simple.popularity_days
    known = int(np.searchsorted(log.first_days, cut))
    frozen = playlist_codes(follower.index, log, known)
    classes = follower.index.code_sizes[MODALITIES.index("playlist")]
    following = Following.learnt(history.counts(cut), _padded(frozen, len(log.tracks)), classes)
    refits = Refits(history, replace(setting.codebook_rules, most_codes=classes))
    weekly = AsOf(WEEKLY, cut)

    def refitted(day: int) -> tuple[Integers, Following]:
        counts, codes, size = refits.made(weekly(day))
        return codes, Following.learnt(counts, codes, size)

    def moved(day: int) -> tuple[Integers, Following]:
        _, codes, size = refits.made(weekly(day))
        return renumbered(codes, size, frozen, classes), following

    def live(day: int) -> tuple[Integers, Following]:
        return playlist_codes(follower.follow(), log, int(np.searchsorted(log.first_days, day))), following

    def still(_: int) -> tuple[Integers, Following]:
        return frozen, following

    now = AsOf(LIVE, cut)
    return [
        ClassArm(f"{CLASSES} {FROZEN}", history, still, AsOf(FROZEN, cut), days),
        ClassArm(f"{CLASSES} {LIVE}", history, live, now, days),
        ClassArm(f"{CLASSES} {REFITTED}", history, refitted, now, days),
        ClassArm(f"{CLASSES} {MOVED}", history, moved, now, days),
    ]


def _padded(codes: Integers, tracks: int) -> Integers:
    padded = np.full(tracks, -1, np.int64)
    padded[: len(codes)] = codes
    return padded
