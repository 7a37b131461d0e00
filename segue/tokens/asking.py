"""Tracks and conversations as sentences for a text encoder: how a track is described, how a conversation asks.

The encoder is fine-tuned on these very forms (`segue/training/text_tuning.py`), so that training, evaluation and
serving must write them alike. Knows neither an encoder nor a session.
"""

from __future__ import annotations

from collections.abc import Sequence

from segue.catalog import Track

MAX_LIKED = 3
MAX_EARLIER = 2
MAX_REPLY_WORDS = 25
MAX_TAGS = 8


def described(track: Track) -> str:
    """Return who made it, how it is called, its album, and where they are known its tags and year.

    `X, Y - title (album)` is read better than other orders (docs/lab-log.md).
    """
    name = named(track)
    album = f"{name} ({track.album})" if track.album else name
    more = (", ".join(track.tags[:MAX_TAGS]), track.release_date[:4])
    return ". ".join(part for part in (album, *more) if part)


def named(track: Track) -> str:
    """Return a track's artists and title."""
    artists = ", ".join(track.artists)
    return f"{artists} - {track.title}" if artists else track.title


def asking(texts: Sequence[str], liked: Sequence[Track] = (), reply: str = "") -> str:
    """Return what is asked: the newest of the utterances first, then what it may refer to.

    `texts` and `liked` are oldest first; `reply` is what was answered to the utterance before the newest.
    """
    parts = [texts[-1]] if texts else []
    if liked:
        parts.append("liked: " + "; ".join(named(track) for track in liked[: -MAX_LIKED - 1 : -1]))
    if reply:
        parts.append("reply: " + " ".join(reply.split()[:MAX_REPLY_WORDS]))
    parts += texts[-1 - MAX_EARLIER : -1][::-1]
    return " | ".join(parts)
