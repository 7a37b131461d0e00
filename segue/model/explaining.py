"""Why a track is where it is: the session is ranked again without one thing at a time.

What is left out is everything that was done with one track, or one turn. Nothing is made up: a sentence gives the place
that the re-ranking gave. Knows queries and scores; knows no decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import torch

from segue.events import ListeningAction
from segue.model.composing import Composer, Judged
from segue.model.snapshot import Snapshot
from segue.model.top import highest
from segue.model.understanding import Understood, conversation
from segue.ranking import Query
from segue.recommendations import Counterfactual, Explanation, Reason
from segue.session import SessionEvent, SessionTurn
from segue.tokens.codebook import Floats
from segue.tokens.words import content_words
from segue.wishes.telling import told_all

# What is left out, one thing at a time: each is a prompt to read. Tracks that are named as reasons go first.
MOST_VARIANTS = 16
MOST_COUNTERFACTUALS = 5
MOST_ALTERNATIVES = 3
# Tracks among which the most alike are looked for.
_NEAR = 50
_QUOTED = 3
_DONE = {
    ListeningAction.PLAY_STARTED: "start",
    ListeningAction.PLAY_FINISHED: "play",
    ListeningAction.PLAY_SKIPPED: "skip",
    ListeningAction.LIKED: "like",
    ListeningAction.DISLIKED: "dislike",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A query without one thing; `what` says which, as "Without ..." goes on."""

    query: Query
    what: str
    track_id: str = ""
    turn_id: str = ""


class Explainer:
    """Explains places under one snapshot; `judge` scores queries without remembering them, `understand` reads them."""

    def __init__(
        self,
        snapshot: Snapshot,
        composer: Composer,
        judge: Callable[[Sequence[Query]], Iterable[Judged]],
        understand: Callable[[Query], Understood],
    ) -> None:
        self._index = snapshot.index
        self._composer = composer
        self._judge = judge
        self._understand = understand

    def explained(self, judged: Judged) -> Explanation | None:
        """Return the explanation that the query asks for; None when the track does not exist."""
        row = self._index.rows.get(judged.query.explain_track_id)
        if row is None or not self._index.recommendable[row]:
            return None
        reasoner = self._composer.reasoner(judged)
        allowed = self._composer.allowed(judged)
        track = self._composer.recommended(row, judged, reasoner)
        rank = _rank(allowed, row)
        return Explanation(
            track=track,
            rank=rank,
            ranked=int((allowed > -np.inf).sum()),
            counterfactuals=self._counterfactuals(judged, row, rank, track.reasons),
            alternatives=tuple(
                self._composer.recommended(other, judged, reasoner) for other in self._alike(judged, allowed, row)
            ),
        )

    def variants(self, query: Query, reasons: Sequence[Reason] = ()) -> list[Variant]:
        """Return the query without one thing at a time, at most MOST_VARIANTS: first what the reasons name."""
        named = [reason.because_track_id for reason in reasons] + [reason.because_turn_id for reason in reasons]
        every = [*self._without_tracks(query), *self._without_turns(query)]
        told = sorted(every, key=lambda variant: (variant.track_id or variant.turn_id) not in named)
        return told[:MOST_VARIANTS]

    def _counterfactuals(
        self, judged: Judged, row: int, rank: int, reasons: Sequence[Reason]
    ) -> tuple[Counterfactual, ...]:
        variants = self.variants(judged.query, reasons)
        found: list[Counterfactual] = []
        for variant, without in zip(variants, self._judge([each.query for each in variants]), strict=True):
            place = _rank(self._composer.allowed(without), row)
            if place != rank:
                score = sum(without.scores.parts(row).values())
                found.append(Counterfactual(_text(variant, place), variant.track_id, variant.turn_id, place, score))
        changed = sorted(found, key=lambda each: -_change(rank, each.rank))
        return tuple(changed[:MOST_COUNTERFACTUALS])

    def _without_tracks(self, query: Query) -> Iterator[Variant]:
        """Yield the query without all that was done with one track, the newest track first."""
        events: dict[str, SessionEvent] = {}
        for event in reversed(query.session.events):
            events.setdefault(event.track_id, event)
        for track_id, newest in events.items():
            kept = tuple(event for event in query.session.events if event.track_id != track_id)
            without = msgspec.structs.replace(query, session=msgspec.structs.replace(query.session, events=kept))
            yield Variant(without, f"your {_done(newest)} of {self._title(track_id)}", track_id=track_id)

    def _without_turns(self, query: Query) -> Iterator[Variant]:
        for turn in reversed(conversation(query)):
            kept = tuple(other for other in query.session.turns if other is not turn)
            without = msgspec.structs.replace(query, session=msgspec.structs.replace(query.session, turns=kept))
            yield Variant(without, self._said(turn, query), turn_id=turn.turn_id)

    def _said(self, turn: SessionTurn, query: Query) -> str:
        """Return a turn as it is spoken of: by its wishes, or its words that some track carries."""
        alone = msgspec.structs.replace(query.session, turns=(turn,))
        understood = self._understand(msgspec.structs.replace(query, session=alone, now_ms=turn.time_ms))
        wishes = told_all(understood.stands.wishes, self._index.by_artist)
        words = [word for word in content_words(turn.text) if word in self._index.by_word][:_QUOTED]
        said = [*wishes, *(f"\u201c{word}\u201d" for word in words if not any(word in wish for wish in wishes))]
        return f"what you said ({', '.join(said)})" if said else "one of the things that you said"

    def _title(self, track_id: str) -> str:
        row = self._index.rows.get(track_id)
        track = None if row is None else self._index.tracks[row]
        return track.title if track is not None else "a track that is gone"

    def _alike(self, judged: Judged, allowed: Floats, row: int) -> list[int]:
        """Return the rows, of the best ones, whose parts differ least from the row's."""
        own = np.array([*judged.scores.parts(row).values()])
        rows = [int(other) for other in highest(torch.from_numpy(allowed), _NEAR) if other != row]
        apart = [float(np.abs(np.array([*judged.scores.parts(other).values()]) - own).sum()) for other in rows]
        return [rows[place] for place in np.argsort(apart, kind="stable")[:MOST_ALTERNATIVES]]


def _rank(allowed: Floats, row: int) -> int:
    """Return the row's place from 1; 0 when it may not be recommended."""
    return 0 if allowed[row] == -np.inf else 1 + int((allowed > allowed[row]).sum())


def _change(rank: int, other: int) -> float:
    """Return how much a place changed, as a ratio: from 1 to 3 is as much as from 10 to 30."""
    if not rank or not other:
        return float("inf")
    return max(rank, other) / min(rank, other)


def _text(variant: Variant, place: int) -> str:
    where = f"it would be at {place}" if place else "it would not be recommended"
    return f"Without {variant.what} {where}."


def _done(event: SessionEvent) -> str:
    known = 0 < event.action_number < len(ListeningAction)
    return _DONE.get(event.action, "mention") if known else "mention"
