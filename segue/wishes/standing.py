"""What stands after several turns: limits hold until they are corrected, descriptions until something else is wanted.

Pure folds over readings. Knows neither text nor names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from segue.wishes.wish import Act, Kind, Reading, Wish

# Likes and dislikes beyond so many tracks, and turns further back, say too little about now.
MOST_JUDGED = 12
MOST_TEXTS = 3

# Wishes of one turn alone.
_PASSING = frozenset({Kind.FRESH, Kind.CHANGE, Kind.RESET, Kind.NOVELTY, Kind.TRACK})
# Of these, new ones take the place of all earlier ones of the same group.
_GROUPS: tuple[frozenset[Kind], ...] = (
    frozenset({Kind.COUNT}),
    frozenset({Kind.SECONDS, Kind.ANY_LENGTH}),
    frozenset({Kind.YEARS, Kind.ERA, Kind.ANY_YEAR}),
    frozenset({Kind.CLEAN, Kind.ANY_WORDS}),
    frozenset({Kind.INSTRUMENTAL, Kind.SUNG}),
    frozenset({Kind.BY, Kind.ONLY_BY, Kind.ALBUM, Kind.LIKE}),
    frozenset({Kind.KEEP}),
)
_OPPOSITES = (
    (frozenset({Kind.WITHOUT, Kind.LESS}), frozenset({Kind.MORE})),
    (frozenset({Kind.NOT_ARTIST}), frozenset({Kind.BY, Kind.ONLY_BY, Kind.LIKE})),
    (frozenset({Kind.LIKED}), frozenset({Kind.DISLIKED})),
)
# What a change of direction leaves behind.
_DESCRIBES = frozenset(
    {Kind.SOUND, Kind.KEEP, Kind.BY, Kind.ONLY_BY, Kind.ALBUM, Kind.LIKE, Kind.MORE, Kind.LESS, Kind.ERA, Kind.LIKED}
)
_LIFTED = frozenset({Kind.ANY_LENGTH, Kind.ANY_YEAR, Kind.ANY_WORDS})


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now, oldest first, and what was said, less what the wishes hold; `reading` is of the newest turn.

    `said` is the same as an encoder is to read it.
    """

    wishes: tuple[Wish, ...] = ()
    texts: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)

    def of(self, *kinds: Kind) -> list[Wish]:
        """Return the wishes of these kinds, oldest first."""
        return [wish for wish in self.wishes if wish.kind in kinds]

    def track_ids(self, *kinds: Kind) -> tuple[str, ...]:
        """Return the tracks of the wishes of these kinds, each once."""
        return tuple(dict.fromkeys(track for wish in self.of(*kinds) for track in wish.track_ids))

    @property
    def count(self) -> int | None:
        """How many tracks are asked for, where a turn says so."""
        return next((int(wish.low) for wish in reversed(self.wishes) if wish.kind is Kind.COUNT), None)

    @property
    def is_judged(self) -> bool:
        """Whether anything but a number of tracks is wished."""
        return any(wish.kind is not Kind.COUNT for wish in self.wishes)


NOTHING = Standing()


def standing(readings: Sequence[Reading]) -> Standing:
    """Return what stands after these turns, oldest first."""
    stands = NOTHING
    for reading in readings:
        stands = after(stands, reading)
    return stands


def after(stands: Standing, reading: Reading) -> Standing:
    """Return what stands after one more turn."""
    if reading.act is not Act.ASK:
        # A question is about what was answered, small talk about nothing: both leave everything as it was.
        return Standing(stands.wishes, stands.texts, stands.said, reading)
    kept = [wish for wish in stands.wishes if wish.kind not in _PASSING and not _is_more(wish)]
    texts, said = stands.texts, stands.said
    if reading.of(Kind.RESET):
        kept, texts, said = [], (), ()
    if reading.of(Kind.CHANGE):
        kept, texts, said = [wish for wish in kept if wish.kind not in _DESCRIBES], (), ()
    kept = [wish for wish in kept if not any(_replaces(new, wish) for new in reading.wishes)]
    kept = [wish for wish in kept if not _said(wish, reading.text)]
    wishes = (*kept, *(wish for wish in reading.wishes if wish.kind not in _LIFTED))
    return Standing(_bounded(wishes), _with(texts, reading.text), _with(said, reading.said), reading)


def _with(texts: tuple[str, ...], text: str) -> tuple[str, ...]:
    return (*texts, text)[-MOST_TEXTS:] if text else texts


def _is_more(wish: Wish) -> bool:
    """Whether it is a number of further tracks: "two more" is no habit."""
    return wish.kind is Kind.COUNT and wish.sign < 0


def _replaces(new: Wish, old: Wish) -> bool:
    if any(new.kind in group and old.kind in group for group in _GROUPS):
        return True
    if new.kind is Kind.SOUND and old.kind is Kind.SOUND:
        return new.name == old.name
    if new.kind is old.kind and new.kind in (Kind.LIKED, Kind.DISLIKED):
        return set(old.track_ids) <= set(new.track_ids)
    return any(
        _are(new.kind, old.kind, pair) and ((new.name == old.name and bool(new.name)) or _share(new, old))
        for pair in _OPPOSITES
    )


def _are(new: Kind, old: Kind, pair: tuple[frozenset[Kind], frozenset[Kind]]) -> bool:
    return (new in pair[0] and old in pair[1]) or (new in pair[1] and old in pair[0])


def _share(new: Wish, old: Wish) -> bool:
    return not set(new.track_ids).isdisjoint(old.track_ids)


def _said(wish: Wish, text: str) -> bool:
    """Whether what was refused before is now asked for: "no folk", and later "some folk after all"."""
    return wish.kind in (Kind.WITHOUT, Kind.LESS) and bool(wish.name) and f" {wish.name} " in f" {text} "


def _bounded(wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
    judged = [wish for wish in wishes if wish.kind in (Kind.LIKED, Kind.DISLIKED)]
    dropped = judged[:-MOST_JUDGED] if len(judged) > MOST_JUDGED else []
    return tuple(wish for wish in wishes if not any(wish is each for each in dropped))
