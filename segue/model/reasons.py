"""Why a track was recommended: sentences for the parts that speak most for it.

Knows scores, code names and the session's tracks. A sentence names only tracks of the catalogue and words that stand in
the track's own text, so nothing else that a listener typed is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np

from segue.model.index import Index
from segue.model.scoring import PARTS, Context, Scores, rarity
from segue.model.steering import PART_OF, WISH_PARTS
from segue.model.understanding import Understood
from segue.recommendations import Reason
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES, spoken_words
from segue.tokens.words import words
from segue.wishes.telling import told_all

# The parts that a reason can be given for; what a second opinion adds has none of its own.
TELLING_PARTS = (*PARTS, *WISH_PARTS)
MAX_REASONS = 3
MAX_QUOTED_WORDS = 3
# A part that speaks less than this for a track, in logits, is no reason unless it is the only one.
_TELLING = 0.1


class Reasoner:
    """Puts the parts of one session's scores into words."""

    def __init__(self, scores: Scores, codebooks: Codebooks, understood: Understood | None = None) -> None:
        self._index: Index = scores.index
        self._context: Context = scores.context
        self._listens = scores.closeness is not None
        self._understood = understood or Understood()
        self._codebooks = codebooks
        lists = [self._index.neighbours[row] for row in self._context.rows]
        self._near_rows = np.concatenate([rows for rows, _ in lists]) if lists else np.zeros(0, np.int64)
        self._near_weights = (
            np.concatenate([weights * by for (_, weights), by in zip(lists, self._context.row_weights, strict=True)])
            if lists
            else np.zeros(0, np.float32)
        )
        self._near_from = np.repeat(self._context.rows, [len(rows) for rows, _ in lists]) if lists else self._near_rows

    def reasons(self, row: int, parts: Mapping[str, float]) -> tuple[Reason, ...]:
        """Return at most MAX_REASONS reasons for the row, the part that speaks most for it first; at least one."""
        falling = sorted(parts, key=lambda name: -parts[name])
        found: list[Reason] = []
        for name in falling:
            if len(found) == MAX_REASONS or (parts[name] < _TELLING and found):
                break
            if (reason := self._reason(name, row)) is not None:
                found.append(reason)
        return tuple(found) or (Reason(text="The closest that is left", part=falling[0]),)

    @property
    def context(self) -> Context:
        """What the session holds beside its sequence."""
        return self._context

    def quoted_now(self, row: int) -> list[str]:
        """Return `quoted` of the newest turn alone."""
        said = set(words(self._understood.stands.reading.text))
        return [word for word in self.quoted(row) if word in said]

    def quoted(self, row: int) -> list[str]:
        """Return the words of the utterances that the track's own text carries, the rarest first."""
        matched = [word for word in spoken_words(self._index.track(row)) if word in self._context.words]
        known = [word for word in matched if word in self._index.by_word]
        return sorted(known, key=lambda word: (-rarity(self._index, word), word))[:MAX_QUOTED_WORDS]

    def _reason(self, part: str, row: int) -> Reason | None:
        if part in WISH_PARTS:
            return self._wish_reason(part)
        ways: Mapping[str, Callable[[int], Reason | None]] = {
            "neighbours": self._neighbour_reason,
            "shelves": self._shelf_reason,
            "words": self._word_reason,
            "closeness": self._closeness_reason,
            "artists": self._artist_reason,
            "scene": self._scene_reason,
            "again": self._again_reason,
            "popularity": self._popularity_reason,
        }
        return ways[part](row) if part in ways else self._code_reason(part, row)

    def _word_reason(self, row: int) -> Reason | None:
        said = self.quoted(row)
        quoted = " and ".join(f"\u201c{word}\u201d" for word in said)
        return Reason(f"You said {quoted}", "words", because_turn_id=self._turn_that_said(said)) if said else None

    def _closeness_reason(self, row: int) -> Reason | None:  # noqa: ARG002 - whatever the track
        """Name the newest turn: it comes first in what is compared."""
        turns = self._understood.turns
        turn_id = turns[-1].turn_id if turns else ""
        text = "Close to what you described"
        return Reason(text, "closeness", because_turn_id=turn_id) if self._listens else None

    def _again_reason(self, row: int) -> Reason | None:
        return Reason(text="You come back to it", part="again") if row in self._context.held else None

    def _popularity_reason(self, row: int) -> Reason:
        is_new = self._index.popularity[row] == 0.0
        text = "New to playlists" if is_new else "Many listeners add it to their playlists"
        return Reason(text=text, part="popularity")

    def _turn_that_said(self, said: Sequence[str]) -> str:
        """Return the newest turn that says any of these words."""
        turns = reversed(self._understood.turns)
        return next((turn.turn_id for turn in turns if not set(said).isdisjoint(words(turn.text))), "")

    def _wish_reason(self, part: str) -> Reason | None:
        """Say which wishes a part grants, and in which turn the newest of them was said."""
        granted = [wish for wish in self._understood.stands.wishes if PART_OF.get(wish.kind) == part]
        said = told_all(granted, self._index.by_artist)
        if not said:
            return None
        turn_id = self._understood.said_in.get(granted[-1], "")
        return Reason(text=f"You asked for: {', '.join(said)}", part=part, because_turn_id=turn_id)

    def _neighbour_reason(self, row: int) -> Reason | None:
        places = np.flatnonzero(self._near_rows == row)
        if not len(places):
            return None
        strongest = int(self._near_from[places[np.argmax(self._near_weights[places])]])
        track = self._index.tracks[strongest]
        if track is None:
            return None
        return Reason(text=f"Often in playlists with {track.title}", part="neighbours", because_track_id=track.track_id)

    def _shelf_reason(self, row: int) -> Reason | None:
        """Name the session's track that shares most playlists with the row, newer ones of the session first."""
        shelves = self._index.shelves.of_row
        homes = {shelf.playlist_id for shelf in shelves.get(row, ())}
        shared = [
            weight * sum(shelf.playlist_id in homes for shelf in shelves.get(place, ()))
            for place, weight in zip(self._context.rows.tolist(), self._context.row_weights.tolist(), strict=True)
        ]
        if not any(shared):
            return None
        track = self._index.tracks[int(self._context.rows[int(np.argmax(shared))])]
        if track is None:
            return None
        return Reason(text=f"Shares playlists with {track.title}", part="shelves", because_track_id=track.track_id)

    def _artist_reason(self, row: int) -> Reason | None:
        shared = self._shared_artist(row)
        if shared is None:
            return None
        how = "played" if shared[1] in self._understood.heard else "asked for"
        return Reason(text=f"By {shared[0]}, whom you {how}", part="artists", because_track_id=shared[1])

    def _scene_reason(self, row: int) -> Reason | None:
        """Name the heard artist whom playlists put closest to one of the track's artists."""
        own = [artist for artist in self._index.track(row).artists if artist in self._scene]
        if not own:
            return None
        closest = max(own, key=lambda artist: self._scene[artist][0])
        _, heard, track_id = self._scene[closest]
        return Reason(text=f"{closest} is often in playlists with {heard}", part="scene", because_track_id=track_id)

    @cached_property
    def _scene(self) -> dict[str, tuple[float, str, str]]:
        """The artists beside those that were heard: how close, to whom, and the track that was played."""
        found: dict[str, tuple[float, str, str]] = {}
        for place in self._context.rows.tolist():
            if (played := self._index.tracks[place]) is None:
                continue
            for artist in played.artists:
                for other, closeness in self._index.related_artists.get(artist, ()):
                    if other not in found or closeness > found[other][0]:
                        found[other] = closeness, artist, played.track_id
        return found

    @cached_property
    def _heard(self) -> list[int]:
        """The rows of the session's tracks."""
        return [int(row) for row in self._context.rows]

    @cached_property
    def _heard_codes(self) -> list[list[int]]:
        """The codes of the session's tracks, for each modality in the order of `_heard`."""
        return [column.tolist() for column in self._index.codes[self._context.rows].T]

    def _code_reason(self, modality: str, row: int) -> Reason | None:
        column = MODALITIES.index(modality)
        code = int(self._index.codes[row, column])
        name = self._codebooks.name(modality, code)
        if not name:
            return None
        alike = (place for place, own in zip(self._heard, self._heard_codes[column], strict=True) if own == code)
        because = next((track for place in alike if (track := self._index.tracks[place]) is not None), None)
        text = _sentence(modality, name) + (f", like {because.title}" if because else "")
        return Reason(text=text, part=modality, code_name=name, because_track_id=because.track_id if because else "")

    def _shared_artist(self, row: int) -> tuple[str, str] | None:
        names = self._index.track(row).artists
        for place in self._context.rows:
            played = self._index.tracks[place]
            if played is not None and (shared := next((name for name in names if name in played.artists), None)):
                return shared, played.track_id
        return None


def _sentence(modality: str, name: str) -> str:
    return {
        "playlist": f"In the same kind of playlists: {name}",
        "tags": f"Tagged {name}",
        "metadata": f"From around {name}",
        "lyrics": f"Sings of {name}",
        "audio": f"Sounds of {name}",
    }[modality]
