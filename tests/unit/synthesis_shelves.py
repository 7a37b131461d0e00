"""Small datasets for the tests of synthetic dialogues: one rich, one that has titles and artists only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from segue.catalog import Track
from segue.dataset import Dataset, Playlist, PlaylistEntry, write_dataset

ROOT = Path(__file__).parents[2]
START = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = ("Rainy Jazz", "Late Night Jazz", "Morning Folk", "My folk mix", "vol. 3", "Road Trip", "Best of Road Trip")


def world() -> Dataset:
    return Dataset.open(ROOT / "samples" / "world")


def poor(folder: Path, *, tracks: int = 120, artists: bool = True) -> Dataset:
    """Titles, and artists if wanted; seven playlists of 40 tracks, one added a day."""
    catalogue = [
        Track(f"t{row:03d}", f"Song {row}", (f"Artist {row % 17}",) if artists else ()) for row in range(tracks)
    ]
    playlists = [
        Playlist(
            f"p{number}",
            name,
            "The finest selection, for quiet evenings." if number % 2 else "",
            tuple(
                PlaylistEntry(f"t{(number * 11 + place) % tracks:03d}", START + timedelta(days=place))
                for place in range(40)
            ),
        )
        for number, name in enumerate(NAMES)
    ]
    write_dataset(folder, catalogue, playlists, compress=False)
    return Dataset.open(folder)
