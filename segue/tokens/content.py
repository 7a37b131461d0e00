"""What a track's content says in each modality: named features with weights, and words.

Knows the fields of a track. Knows nothing about codes; `codebook.py` turns features into vectors and vectors into
codes.
"""

from __future__ import annotations

from collections import Counter
from math import log1p

from segue.catalog import Track
from segue.tokens.words import content_words

# Order matters: it is the order of the columns in every array of codes.
MODALITIES = ("playlist", "tags", "metadata", "lyrics", "audio")
TEXT_MODALITIES = ("tags", "metadata", "lyrics")

MAX_LYRIC_WORDS = 2_000


def features(track: Track, modality: str) -> dict[str, float]:
    """Return the named features of a text modality, weights positive; empty when the modality is absent."""
    return {"tags": tag_features, "metadata": metadata_features, "lyrics": lyric_features}[modality](track)


def tag_features(track: Track) -> dict[str, float]:
    """Return the track's tags, the first ones weighing most."""
    return {tag.casefold(): 1.0 / (1.0 + 0.1 * place) for place, tag in reversed(list(enumerate(track.tags)))}


def metadata_features(track: Track) -> dict[str, float]:
    """Return artists, album, era and title words: who made it, when, and how it is called."""
    found = {f"artist {name.casefold()}": 2.0 for name in track.artists}
    if track.album:
        found[f"album {track.album.casefold()}"] = 1.0
        found.update((f"word {word}", 0.3) for word in content_words(track.album))
    if year := track.release_date[:4]:
        found[f"year {year}"] = 0.7
        found[f"decade {year[:3]}0s"] = 1.0
    found.update((f"word {word}", 0.5) for word in content_words(track.title))
    return found


def lyric_features(track: Track) -> dict[str, float]:
    """Return the words of the lyrics with damped counts."""
    counts = Counter(content_words(track.lyrics)[:MAX_LYRIC_WORDS])
    return {word: log1p(count) for word, count in counts.items()}


def spoken_words(track: Track) -> list[str]:
    """Return the words by which a listener may ask for the track: title, artists, album, tags, decade; each once."""
    text = " ".join((track.title, *track.artists, track.album, *track.tags))
    decade = [f"{track.release_date[2]}0s", f"{track.release_date[:3]}0s"] if len(track.release_date) >= 4 else []
    return sorted({*content_words(text), *decade})
