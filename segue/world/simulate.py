"""One world from a size and a seed, as rows or as a dataset folder. Joins the parts, which know their own making."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segue.catalog import Track
from segue.dataset import Dialogue, ListeningSession, Playlist, write_dataset
from segue.jsonlines import Watch, unwatched
from segue.world.catalogue import Catalogue, build_catalogue
from segue.world.dialogues import build_dialogue
from segue.world.dice import Dice
from segue.world.listeners import Listener, build_listener
from segue.world.playlists import build_playlist
from segue.world.sessions import build_sessions


@dataclass(frozen=True, slots=True)
class WorldSize:
    """How much of everything; each at least 1. `days` is how long playlists and sessions are watched."""

    tracks: int = 2_000
    listeners: int = 300
    playlists: int = 600
    dialogues: int = 300
    scenes: int = 40
    days: int = 180
    sessions_per_listener: int = 12

    @classmethod
    def of(cls, tracks: int, listeners: int) -> WorldSize:
        """The size for this many tracks and listeners: two playlists and a dialogue a listener, 50 tracks a scene."""
        return cls(tracks, listeners, 2 * listeners, listeners, max(4, tracks // 50))


class World:
    """A world; every call of a method yields the same rows."""

    def __init__(self, size: WorldSize, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.catalogue: Catalogue = build_catalogue(seed, size.tracks, size.scenes, size.days)

    def tracks(self) -> Iterator[Track]:
        """The catalogue."""
        return self.catalogue.tracks()

    def listener(self, index: int) -> Listener:
        """The listener of this number."""
        return build_listener(self.seed, index, self.catalogue, self.size.days)

    def playlists(self) -> Iterator[Playlist]:
        """The playlists, each kept by some listener."""
        for index in range(self.size.playlists):
            keeper = Dice(self.seed, "keeper", index).between(0, self.size.listeners - 1)
            yield build_playlist(self.seed, index, self.catalogue, self.listener(keeper), self.size.days)

    def sessions(self) -> Iterator[ListeningSession]:
        """The listening sessions, listener after listener."""
        days, mean = self.size.days, self.size.sessions_per_listener
        for index in range(self.size.listeners):
            yield from build_sessions(self.seed, index, self.catalogue, self.listener(index), days, mean)

    def dialogues(self) -> Iterator[Dialogue]:
        """The dialogues, listener after listener."""
        for index in range(self.size.dialogues):
            listener = self.listener(index % self.size.listeners)
            yield build_dialogue(self.seed, index, self.catalogue, listener, self.size.days)


def write_world(out: Path, size: WorldSize, seed: int, watch: Watch = unwatched) -> dict[str, int]:
    """Write a world as a dataset folder and return the number of rows of each file. Raises DatasetError."""
    world = World(size, seed)
    return write_dataset(
        out,
        tracks=watch(world.tracks(), "tracks"),
        playlists=watch(world.playlists(), "playlists"),
        sessions=watch(world.sessions(), "sessions"),
        dialogues=watch(world.dialogues(), "dialogues"),
    )
