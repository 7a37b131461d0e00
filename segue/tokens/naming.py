"""Names that a person can read for every code: what is typical of its tracks and not of the others.

Knows codes and labels, not how the codes came about. A label's weight in a code is its share there times the
logarithm of how much larger that is than its share everywhere: one summand of the Kullback-Leibler divergence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log, log1p

from segue.catalog import Track
from segue.tokens.text import Floats, Integers
from segue.tokens.words import content_words

LABELS_IN_NAME = 3
MOST_WORDS = 2_000
_UNITS = ("_bpm", "_db", "_hz", "_seconds", "_ms")
# A feature within this many standard deviations of the mean is not worth naming.
_UNREMARKABLE = 0.4


def typical_names(labels: Iterable[Mapping[str, float]], codes: Integers, size: int) -> tuple[str, ...]:
    """Return a name for each of `size` codes from weighted labels of each track; codes has shape [tracks]."""
    everywhere: Counter[str] = Counter()
    within: list[Counter[str]] = [Counter() for _ in range(size)]
    for track_labels, code in zip(labels, codes, strict=True):
        everywhere.update(track_labels)
        if code < size:
            within[code].update(track_labels)
    total = sum(everywhere.values()) or 1.0
    return tuple(_name(counts, everywhere, total, number) for number, counts in enumerate(within))


def _name(counts: Counter[str], everywhere: Counter[str], total: float, number: int) -> str:
    here = sum(counts.values()) or 1.0
    typical = {
        label: count / here * log(max(1.0, count / here * total / everywhere[label])) for label, count in counts.items()
    }
    best = sorted(typical, key=lambda label: (-typical[label], label))[:LABELS_IN_NAME]
    return ", ".join(best) or f"group {number + 1}"


def tag_labels(track: Track) -> dict[str, float]:
    """Return the track's tags."""
    return dict.fromkeys(track.tags, 1.0)


def metadata_labels(track: Track) -> dict[str, float]:
    """Return the track's artists and decade."""
    decade = {f"{track.release_date[:3]}0s": 1.0} if len(track.release_date) >= 4 else {}
    return dict.fromkeys(track.artists, 1.0) | decade


def lyric_labels(track: Track) -> dict[str, float]:
    """Return the words of the track's lyrics with damped counts."""
    counts = Counter(content_words(track.lyrics)[:MOST_WORDS])
    return {word: log1p(count) for word, count in counts.items()}


def playlist_labels(track: Track, playlist_names: Iterable[str]) -> dict[str, float]:
    """Return names of playlists that hold the track, its tags and artists."""
    labels = dict.fromkeys(track.artists, 1.0) | dict.fromkeys(track.tags, 0.5)
    return labels | {f"\u201c{name}\u201d": 1.0 for name in playlist_names if name}


def audio_names(centroids: Floats, features: Sequence[str]) -> tuple[str, ...]:
    """Return names from the features in which each centroid, in standard scores, differs most from the average."""
    return tuple(_traits(centroid, features) for centroid in centroids)


def _traits(centroid: Floats, features: Sequence[str]) -> str:
    order = sorted(range(len(features)), key=lambda place: (-abs(centroid[place]), features[place]))
    told = [place for place in order[:LABELS_IN_NAME] if abs(centroid[place]) > _UNREMARKABLE]
    traits = (f"{'high' if centroid[place] > 0 else 'low'} {_spoken(features[place])}" for place in told)
    return ", ".join(traits) or "average in every feature"


def _spoken(feature: str) -> str:
    for unit in _UNITS:
        feature = feature.removesuffix(unit)
    return feature.replace("_", " ")


LABELS: Mapping[str, Callable[[Track], dict[str, float]]] = {
    "tags": tag_labels,
    "metadata": metadata_labels,
    "lyrics": lyric_labels,
}
