"""A reply as pieces: words, and places in the list that goes with it. Only here does a place become a title.

So a reply names no track that is not in its list, whoever wrote the words. Knows lists and text.
"""

from __future__ import annotations

from collections.abc import Sequence

from segue.printable import in_a_line
from segue.recommendations import RecommendedTrack

# Words, or a track's place in the list, from 0.
Piece = str | int
MAX_REPLY_LENGTH = 2_000


def rendered(pieces: Sequence[Piece], tracks: Sequence[RecommendedTrack]) -> str:
    """Return the reply in one line; a place that the list does not have is left out."""
    said = [
        piece if isinstance(piece, str) else named(tracks[piece])
        for piece in pieces
        if isinstance(piece, str) or 0 <= piece < len(tracks)
    ]
    return in_a_line("".join(said))[:MAX_REPLY_LENGTH]


def named(track: RecommendedTrack) -> str:
    """Return a track as a reply names it: title and artists."""
    title = track.title or track.track_id
    return f"{title} by {listed(track.artists)}" if track.artists else title


def listed(names: Sequence[str]) -> str:
    """Return names as people list them: a, b and c; nothing for none."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def listed_places(places: Sequence[int]) -> list[Piece]:
    """Return places of a list as people list things, as pieces."""
    pieces: list[Piece] = []
    for number, place in enumerate(places):
        if number:
            pieces.append(" and " if number == len(places) - 1 else ", ")
        pieces.append(place)
    return pieces
