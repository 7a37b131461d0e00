"""Ten thousand random requests: no track that does not exist, that a filter forbids, or that comes twice."""

from __future__ import annotations

import random
from collections import Counter

import msgspec

from segue.catalog import Track, TrackTokens
from segue.events import Filters
from segue.model.recommender import Recommender
from segue.ranking import Query, Ranking
from segue.session import Session, SessionEvent, SessionTurn, disliked
from tests.unit import tiny_model

REQUESTS, AT_ONCE, CATALOGUES = 10_000, 50, 8
MARKETS = ("DE", "FR", "US", "JP")
WORDS = ("calm", "folk", "saxophone", "Tune", "Tune 7", "loud techno", "", "nothing known")


def catalogue() -> list[Track]:
    """Return the tiny model's tracks, of which some may be played in some countries only."""
    draw = random.Random(1)
    return [
        msgspec.structs.replace(track, markets=tuple(draw.sample(MARKETS, draw.choice((0, 0, 1, 2)))))
        for track in tiny_model.tracks()
    ]


def test_ten_thousand_random_requests_return_no_track_that_they_may_not() -> None:
    draw = random.Random(2)
    recommender = Recommender(tiny_model.checkpoint())
    tokens = [TrackTokens(track_id=track.track_id, version=1, track=track) for track in catalogue()]
    recommender.swap(recommender.index.updated(tokens, tiny_model.codebooks()))
    everything = {track.track_id: track for track in catalogue()}
    removed: set[str] = set()
    wrong: Counter[str] = Counter()
    answered = 0
    for batch in range(REQUESTS // AT_ONCE):
        if batch and batch % (REQUESTS // AT_ONCE // CATALOGUES) == 0:
            removed |= set(draw.sample(sorted(everything), 4))
            recommender.swap(recommender.index.updated([], tiny_model.codebooks(), removed))
        asked = [_query(draw, sorted(everything)) for _ in range(AT_ONCE)]
        existing = {name: track for name, track in everything.items() if name not in removed}
        for query, answer in zip(asked, recommender.rank(asked), strict=True):
            wrong.update(_faults(query, answer, existing))
            answered += 1
    assert answered == REQUESTS
    assert not wrong


def _query(draw: random.Random, names: list[str]) -> Query:
    known = [*names, "unknown", ""]
    events = tuple(
        SessionEvent(place * draw.choice((1_000, 10_000_000)), f"e{place}", draw.choice(known), draw.randrange(-1, 8))
        for place in range(draw.choice((0, 1, 5, 20, 64)))
    )
    turns = tuple(SessionTurn(place * 3_000, f"t{place}", draw.choice(WORDS)) for place in range(draw.randrange(3)))
    return Query(
        session=Session(f"listener {draw.randrange(40)}", events, turns),
        now_ms=draw.choice((0, 10**9)),
        count=draw.choice((0, 1, 3, 5, 5, 10, 10, 12, 100, 200)),
        filters=Filters(
            exclude_track_ids=tuple(draw.choices(known, k=draw.choice((0, 0, 3, 60)))),
            exclude_artists=tuple(draw.sample(("Folk Band 1", "Jazz Band 2", "Nobody"), draw.choice((0, 0, 1, 3)))),
            exclude_explicit=draw.random() < 0.5,
            exclude_heard=draw.random() < 0.5,
            max_per_artist=draw.choice((0, 0, 1, 2)),
            market=draw.choice(("", *MARKETS, "AQ")),
        ),
        seed_track_ids=tuple(draw.choices(known, k=draw.choice((0, 0, 2)))),
        utterance=draw.choice(WORDS),
    )


def _faults(query: Query, answer: Ranking, existing: dict[str, Track]) -> list[str]:
    """Return what is wrong with an answer, in words; `existing` are the tracks that may be recommended now."""
    filters, names = query.filters, [track.track_id for track in answer.tracks]
    found = [existing[name] for name in names if name in existing]
    artists = Counter(artist for track in found for artist in set(track.artists))
    heard = {event.track_id for event in query.session.events}
    allowed = [
        track
        for name, track in existing.items()
        if name not in {*filters.exclude_track_ids, *query.seed_track_ids, *disliked(query.session)}
        and not (filters.exclude_heard and name in heard)
        and not (query.session.events and query.session.events[-1].track_id == name)
        and set(track.artists).isdisjoint(filters.exclude_artists)
        and not (filters.exclude_explicit and track.explicit)
        and (not filters.market or not track.markets or filters.market in track.markets)
    ]
    wanted = min(query.count or 10, 100, len(allowed))
    faults = {
        "does not exist": len(found) < len(names),
        "repeats": len(set(names)) < len(names),
        "is filtered out": not {track.track_id for track in found} <= {track.track_id for track in allowed},
        "too many of an artist": filters.max_per_artist and any(n > filters.max_per_artist for n in artists.values()),
        "too few or too many": len(names) > wanted if filters.max_per_artist else len(names) != wanted,
    }
    return [fault for fault, is_so in faults.items() if is_so]
