"""What a track's content says in each modality: a text of lines, or audio features; and the words to ask for it by.

Knows the fields of a track. Knows nothing about codes; `text.py` turns texts into vectors, `codebook.py` vectors into
codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from segue.catalog import Track
from segue.tokens.words import content_words

# Order matters: it is the order of the columns in every array of codes.
MODALITIES = ("playlist", "tags", "metadata", "lyrics", "audio")
TEXT_MODALITIES = ("tags", "metadata", "lyrics")

MAX_LYRIC_WORDS = 2_000


def content(track: Track, modality: str) -> Any:
    """Return what a track is coded by in a modality: a text, or audio features; falsy when the modality is absent."""
    return _CONTENT[modality](track)


def tag_text(track: Track) -> str:
    """Return the track's tags, one a line; the first ones say most."""
    return _lines(track.tags)


def metadata_text(track: Track) -> str:
    """Return who made it, how it is called, on which album and when, one a line."""
    year = track.release_date[:4]
    era = (f"{year[:3]}0s", year) if year else ()
    return _lines([*track.artists, track.title, track.album and f"album {track.album}", *era])


def lyric_text(track: Track) -> str:
    """Return the lyrics as one line of prose."""
    return " ".join(track.lyrics.split()[:MAX_LYRIC_WORDS])


def spoken_words(track: Track) -> list[str]:
    """Return the words by which a listener may ask for the track: title, artists, album, tags, decade; each once."""
    text = " ".join((track.title, *track.artists, track.album, *track.tags))
    decade = [f"{track.release_date[2]}0s", f"{track.release_date[:3]}0s"] if len(track.release_date) >= 4 else []
    return sorted({*content_words(text), *decade})


def _lines(said: Iterable[str]) -> str:
    return "\n".join(line for each in said if (line := " ".join(each.split())))


_CONTENT: Mapping[str, Callable[[Track], Any]] = {
    "tags": tag_text,
    "metadata": metadata_text,
    "lyrics": lyric_text,
    "audio": lambda track: track.audio_features,
}
