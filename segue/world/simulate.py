"""One world from a size and a seed, as rows or as a dataset folder. Joins the parts, which know their own making."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segue.catalog import Track
from segue.dataset import Dialogue, ListeningSession, Playlist, write_dataset
from segue.jsonlines import Watch, unwatched
from segue.world import draws
from segue.world.catalogue import Catalogue, build_catalogue
from segue.world.content import content
from segue.world.dialogues import build_dialogue, dialogue_day
from segue.world.dice import Dice
from segue.world.draws import DrawWatch
from segue.world.listeners import Listener, build_listener
from segue.world.playlists import build_playlist
from segue.world.sessions import build_sessions


@dataclass(frozen=True, slots=True)
class WorldSize:
    """How much of everything; each at least 1. `days` is how long playlists and sessions are watched."""

    tracks: int = 2_000
    listeners: int = 500
    playlists: int = 1_500
    dialogues: int = 500
    scenes: int = 8
    days: int = 180
    sessions_per_listener: int = 10

    @classmethod
    def of(cls, tracks: int, listeners: int) -> WorldSize:
        """The size for so many tracks and listeners: three playlists and a dialogue a listener, 250 tracks a scene."""
        return cls(tracks, listeners, 3 * listeners, listeners, max(4, tracks // 250))


class World:
    """A world; every call of a method yields the same rows."""

    def __init__(self, size: WorldSize, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.catalogue: Catalogue = build_catalogue(seed, size.tracks, size.scenes, size.days)

    def tracks(self) -> Iterator[Track]:
        """The catalogue."""
        return (content(self.catalogue, index) for index in range(len(self.catalogue)))

    def listener(self, index: int) -> Listener:
        """The listener of this number."""
        return build_listener(self.seed, index, self.catalogue, self.size.days)

    def playlists(self) -> Iterator[Playlist]:
        """The playlists, each kept by some listener."""
        return (self.playlist(index) for index in range(self.size.playlists))

    def playlist(self, index: int, watch: DrawWatch = draws.unwatched) -> Playlist:
        """The playlist of this number; `watch` sees each addition drawn."""
        keeper = Dice(self.seed, "keeper", index).between(0, self.size.listeners - 1)
        return build_playlist(self.seed, index, self.catalogue, self.listener(keeper), self.size.days, watch)

    def sessions(self) -> Iterator[ListeningSession]:
        """The listening sessions, listener after listener."""
        for index in range(self.size.listeners):
            yield from self.sessions_of(index)

    def sessions_of(self, index: int, watch: DrawWatch = draws.unwatched) -> Iterator[ListeningSession]:
        """The sessions of the listener of this number; `watch` sees each play drawn before its session is yielded."""
        days, mean = self.size.days, self.size.sessions_per_listener
        return build_sessions(self.seed, index, self.catalogue, self.listener(index), days, mean, watch)

    def dialogues(self) -> Iterator[Dialogue]:
        """The dialogues, in order of their days."""
        return (self.dialogue(index) for index in range(self.size.dialogues))

    def dialogue(self, index: int, watch: DrawWatch = draws.unwatched) -> Dialogue:
        """The dialogue of this number; `watch` sees each recommended track drawn."""
        listener, day = self.listener(index % self.size.listeners), self.dialogue_day(index)
        return build_dialogue(self.seed, index, self.catalogue, listener, day, watch)

    def dialogue_day(self, index: int) -> int:
        """The day of the dialogue of this number, which its row does not tell."""
        return dialogue_day(index, self.size.dialogues, self.size.days)


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
