"""A catalogue of a few tracks whose names are easily mistaken, as the reader of turns sees it."""

from __future__ import annotations

from collections.abc import Container

from segue.catalog import Track
from segue.tokens.content import spoken_words
from segue.wishes.names import NameBook
from segue.wishes.pointing import Shown
from segue.wishes.turn import read
from segue.wishes.wish import Reading

TRACKS = (
    Track("t1", "Golden Harbour", ("Marrow Pines",), "Tidewater", tags=("folk", "acoustic", "melancholic")),
    Track("t2", "Nightbus", ("Velvet Static", "Marrow Pines"), "Signals", tags=("electronic", "deep house")),
    Track("t3", "Love", ("The Quiet Kin",), "Kin", tags=("soul", "love")),
    Track("t4", "Glass Meridian", ("Ondrej Vale",), "Meridian", tags=("jazz", "instrumental")),
    Track("t5", "Rain", ("Hip Parade",), "Weather", tags=("hip hop", "boom bap")),
    Track("t6", "Gone", ("Velvet Static",), "Signals", tags=("electronic", "techno")),
    Track("t7", "Gone", ("Ondrej Vale",), "Other Rooms", tags=("jazz",)),
)
OFFERED = ("t1", "t2", "t4", "t6")


class Catalogue:
    """What the reader knows."""

    def __init__(self) -> None:
        self.book = NameBook()
        for row, track in enumerate(TRACKS):
            self.book.learn(row, track)
        self._words = {word for track in TRACKS for word in spoken_words(track)}
        self._by_id = {track.track_id: track for track in TRACKS}

    @property
    def words(self) -> Container[str]:
        return self._words

    def track(self, track_id: str) -> Track | None:
        return self._by_id.get(track_id)

    def at(self, row: int) -> Track | None:
        return TRACKS[row]


CATALOGUE = Catalogue()


def reading(text: str, offered: tuple[str, ...] = (), playing: str = "", *, newer: bool = False) -> Reading:
    """Read a turn said in 2025, after one list was offered or none."""
    shown = Shown((offered,) if offered else (), playing, newer)
    return read(text, shown, CATALOGUE, 2025)


def wishes(text: str, offered: tuple[str, ...] = (), playing: str = "", *, newer: bool = False) -> list[str]:
    """Return a turn's wishes as texts."""
    return [str(wish) for wish in reading(text, offered, playing, newer=newer).wishes]
