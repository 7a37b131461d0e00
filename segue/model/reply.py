"""The words that go with a list of tracks, composed from what its scores show.

Knows tracks and matched words. Names only tracks of the list, and repeats of what the listener said only words that
stand in those tracks' own text.
"""

from __future__ import annotations

from collections.abc import Sequence

from segue.catalog import Track

NAMED_TRACKS = 3


def reply(tracks: Sequence[Track], matched: Sequence[str], *, knows_session: bool) -> str:
    """Return one or two short sentences; `matched` are words of the utterance that the tracks' text carries."""
    if not tracks:
        return "Nothing is left that your filters allow."
    named = listed([_named(track) for track in tracks[:NAMED_TRACKS]])
    if matched:
        return f"For {listed([_quoted(word) for word in matched])}: {named}."
    if knows_session:
        return f"No track carries your words, so these are close to what you played: {named}."
    return f"No track carries your words, so here is a start: {named}."


def listed(names: Sequence[str]) -> str:
    """Return names as people list them: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _named(track: Track) -> str:
    return f"{track.title} by {listed(track.artists)}" if track.artists else track.title


def _quoted(word: str) -> str:
    return f"\u201c{word}\u201d"
