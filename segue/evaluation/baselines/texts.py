"""Tracks and questions as texts, for the systems that read. Knows tracks and positions, no encoder."""

from __future__ import annotations

from segue.catalog import Track
from segue.evaluation.positions import Position

MAX_LYRICS_WORDS = 60


def track_text(track: Track) -> str:
    """Return what a track's content says: title, artists, album, year, tags, the beginning of the lyrics."""
    parts = (
        f"{track.title} by {', '.join(track.artists)}" if track.artists else track.title,
        track.album,
        track.release_date[:4],
        ", ".join(track.tags),
        " ".join(track.lyrics.split()[:MAX_LYRICS_WORDS]),
    )
    return ". ".join(part for part in parts if part)


def said_text(position: Position, turns: int) -> str:
    """Return the playlist's name and the newest utterances, newest last."""
    return ". ".join(part for part in (position.label, *position.texts[-turns:]) if part)
