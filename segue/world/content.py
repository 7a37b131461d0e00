"""What is told of a track: metadata, tags, lyrics, audio features; each of one part of it, with gaps and mistakes.

Knows the catalogue's columns; `docs/world.md` says what is told of what, and how badly.
"""

from __future__ import annotations

from segue.catalog import Track
from segue.world.catalogue import Catalogue, quadrant, released, share, track_id
from segue.world.dice import Dice
from segue.world.lyrics import lyrics
from segue.world.names import track_title
from segue.world.vocabulary import GENRE_FAMILIES, GENRES, MOODS, THEME_FAMILIES, THEMES, Genre, family_of

# How often a track lacks its tags, has a genre too many or another one, lacks its audio features, is not sung.
NO_TAGS, WRONG_GENRE, OTHER_GENRE, NO_AUDIO = 0.08, 0.06, 0.04, 0.04
UNSUNG, UNSUNG_GENRES = 0.06, {"ambient": 0.3, "classical": 0.3, "jazz": 0.2, "techno": 0.25}
FEATURED = 0.08
# How often a tag tells of the genre's family, and a song's second theme is kin to its first.
BROAD, STAYS_CLOSE = 0.85, 0.85
# The standard deviation with which energy and valence are measured.
MEASUREMENT = 0.03


def content(catalogue: Catalogue, index: int) -> Track:
    """The content of one track."""
    dice = Dice(catalogue.seed, "content", index)
    genre = GENRES[catalogue.genre[index]]
    explicit = dice.chance(genre.explicit)
    sung = dice.chance(1.0 - UNSUNG_GENRES.get(genre.name, UNSUNG))
    return Track(
        track_id=track_id(index),
        title=title(catalogue, index),
        artists=_credits(dice, catalogue, index),
        album=catalogue.albums[catalogue.album[index]].title,
        release_date=released(catalogue, index).strftime("%Y-%m-%d"),
        duration_seconds=duration_seconds(catalogue, index),
        explicit=explicit and sung,
        tags=_tags(dice, catalogue, index),
        lyrics=_lyrics(dice, catalogue, index, explicit=explicit) if sung else "",
        audio_features=_audio(dice, catalogue, index, genre, sung=sung),
    )


def title(catalogue: Catalogue, index: int) -> str:
    """The title alone."""
    dice = Dice(catalogue.seed, "title", index)
    return track_title(dice, int(catalogue.region[index]), THEMES[int(catalogue.theme[index])])


def duration_seconds(catalogue: Catalogue, index: int) -> float:
    """How long the track is, in whole seconds."""
    energy = float(catalogue.energy[index])
    return float(round(Dice(catalogue.seed, "duration", index).bell(190 + 90 * (1 - energy), 32)))


def _credits(dice: Dice, catalogue: Catalogue, index: int) -> tuple[str, ...]:
    own = int(catalogue.artist[index])
    guest = dice.between(0, max(own - 1, 0))
    names = (catalogue.artists[own].name, catalogue.artists[guest].name)
    return names if dice.chance(FEATURED) and guest != own else names[:1]


def _tags(dice: Dice, catalogue: Catalogue, index: int) -> tuple[str, ...]:
    if dice.chance(NO_TAGS):
        return ()
    # People tag what they think they hear.
    genre = dice.pick(GENRES) if dice.chance(OTHER_GENRE) else GENRES[catalogue.genre[index]]
    tags = [genre.name, dice.pick(genre.styles), dice.pick(genre.instruments)]
    tags += [family_of(genre.name, GENRE_FAMILIES)] if dice.chance(BROAD) else []
    tags += [dice.pick((*genre.styles, *genre.instruments))] if dice.chance(0.5) else []
    tags += [dice.pick(GENRES).name] if dice.chance(WRONG_GENRE) else []
    mood = MOODS[quadrant(catalogue.energy[index], catalogue.valence[index])]
    tags += [dice.pick(mood)] if dice.chance(0.2) else []
    tags += [THEMES[catalogue.theme[index]].name] if dice.chance(0.05) else []
    return tuple(dict.fromkeys(tags))


def _lyrics(dice: Dice, catalogue: Catalogue, index: int, *, explicit: bool) -> str:
    theme = THEMES[catalogue.theme[index]]
    kin = THEME_FAMILIES[family_of(theme.name, THEME_FAMILIES)]
    second = dice.pick([other for other in THEMES if other.name in kin] if dice.chance(STAYS_CLOSE) else THEMES)
    return lyrics(dice, theme, second, explicit=explicit)


def _audio(dice: Dice, catalogue: Catalogue, index: int, genre: Genre, *, sung: bool) -> dict[str, float]:
    if dice.chance(NO_AUDIO):
        return {}
    energy, valence = float(catalogue.energy[index]), float(catalogue.valence[index])
    return {
        "tempo_bpm": round(dice.bell(60 + 90 * energy + 0.2 * (genre.tempo_bpm - 110), 8), 1),
        "energy": share(dice.bell(energy, MEASUREMENT)),
        "valence": share(dice.bell(valence, MEASUREMENT)),
        "danceability": share(dice.bell(0.25 + 0.5 * valence, 0.08)),
        "acousticness": share(dice.bell(0.75 - 0.6 * energy + 0.2 * (genre.acousticness - 0.5), 0.1)),
        "instrumentalness": share(dice.bell(0.08 if sung else 0.88, 0.05)),
        "speechiness": share(dice.bell(0.2 if genre.name == "hip hop" else 0.06, 0.03)),
        "loudness_db": round(-23 + 18 * energy + dice.bell(0, 1.5), 1),
    }
