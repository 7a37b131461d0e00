"""Where artists come from: invented parts of the world, each with sounds and words of its own.

Nothing tells of a region but names and titles, so it is what metadata knows and nothing else does. Knows syllables,
no artists.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from segue.world.dice import Dice

# So many regions lie next to each other. Words of its own, and words that a region shares with its neighbours.
NEIGHBOURS = 4
OWN_WORDS, SHARED_WORDS = 10, 10


@dataclass(frozen=True, slots=True)
class Region:
    """How a region's words are built, of onsets, vowels and an ending; and what its bands call themselves."""

    onsets: tuple[str, ...]
    vowels: tuple[str, ...]
    endings: tuple[str, ...]
    collectives: tuple[str, ...]


REGIONS = (
    Region(("k", "v", "h", "t", "l", "p", "r"), ("aa", "ii", "uo", "ä", "yö"), ("nen", "la", "kka", "ri", ""),
           ("Yhtye", "Kuoro")),
    Region(("m", "l", "r", "c", "d", "b", "s"), ("o", "a", "ia", "e"), ("ino", "etta", "orno", "ella", "ari"),
           ("Orchestra", "Trio")),
    Region(("sh", "k", "t", "n", "m", "h", "y"), ("i", "u", "o", "a"), ("ko", "maru", "zu", "shi", "tane"),
           ("Unit", "System")),
    Region(("br", "st", "kr", "w", "g", "sch", "d"), ("e", "u", "au", "ei"), ("nburg", "rk", "cht", "lde", "tz"),
           ("Verein", "Kapelle")),
    Region(("zh", "dr", "v", "p", "sk", "bl", "mir"), ("o", "e", "ya", "u"), ("slav", "ova", "nik", "grad", "chka"),
           ("Ansambl", "Brigada")),
    Region(("q", "n", "x", "th", "l", "mb", "z"), ("a", "e", "o", "i"), ("ngwe", "thula", "nzi", "mba", "lelo"),
           ("Brothers", "Sisters")),
    Region(("fl", "gw", "ll", "c", "dd", "tr", "rh"), ("y", "w", "ae", "ei"), ("nydd", "wyn", "fach", "wen", "rth"),
           ("Company", "Society")),
    Region(("ch", "j", "pr", "bh", "s", "r", "g"), ("a", "i", "ee", "oo"), ("ndra", "vati", "shan", "lal", "pur"),
           ("Collective", "Machine")),
)  # fmt: skip


def coined(dice: Dice, region: int, least: int = 1, most: int = 2) -> str:
    """A capitalised word of the region that no dictionary has."""
    of = REGIONS[region]
    syllables = (dice.pick(of.onsets) + dice.pick(of.vowels) for _ in range(dice.between(least, most)))
    return ("".join(syllables) + dice.pick(of.endings)).capitalize()


@lru_cache
def lexicon(region: int) -> tuple[str, ...]:
    """The words that titles of the region are made of, the same in every world."""
    first = region // NEIGHBOURS * NEIGHBOURS
    own = _words(Dice(0, "lexicon", region), region, OWN_WORDS)
    return tuple(dict.fromkeys((*own, *_words(Dice(0, "shared", first), first, SHARED_WORDS))))


def _words(dice: Dice, region: int, count: int) -> tuple[str, ...]:
    words: dict[str, None] = {}
    while len(words) < count:
        words[coined(dice, region)] = None
    return tuple(words)
