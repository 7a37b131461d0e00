"""Other words for the same thing: genres, moods, eras, sounds, numbers, as listeners would type them.

Knows facets and words, no sentences (`grammar.py`). A tag without an entry stands for itself.
"""

from __future__ import annotations

from segue.training.synthesis.plan import Aspect, Facet
from segue.world.dice import Dice

# Words for each side of an audio trait, before a noun; comparatives; and what is wrong when there is too much of it.
SOUNDS: dict[str, tuple[str, ...]] = {
    "tempo+": ("fast", "up-tempo", "quick", "fast paced", "high tempo"),
    "tempo-": ("slow", "slower", "downtempo", "unhurried", "slow paced"),
    "energy+": ("energetic", "high-energy", "lively", "powerful", "pumped up", "intense"),
    "energy-": ("calm", "mellow", "relaxed", "gentle", "laid back", "chilled", "low key"),
    "valence+": ("happy", "cheerful", "upbeat", "feel-good", "sunny", "positive"),
    "valence-": ("sad", "melancholic", "dark", "moody", "gloomy", "blue"),
    "danceability+": ("danceable", "groovy", "dancey", "rhythmic", "funky"),
    "danceability-": ("not too dancey", "undanceable", "sit-down", "beatless"),
    "acousticness+": ("acoustic", "unplugged", "stripped back", "organic"),
    "acousticness-": ("electric", "produced", "electronic sounding", "plugged in"),
    "instrumentalness+": ("instrumental", "wordless", "vocal-free"),
    "instrumentalness-": ("sung", "vocal", "singalong"),
    "speechiness+": ("wordy", "spoken", "talky", "rap-style"),
    "speechiness-": ("melodic", "tuneful"),
    "loudness+": ("loud", "big sounding", "noisy", "heavy"),
    "loudness-": ("quiet", "soft", "hushed", "soft sounding"),
}
SHIFTS: dict[str, tuple[str, ...]] = {
    "tempo+": ("faster", "quicker", "with a higher tempo", "more uptempo"),
    "tempo-": ("slower", "less rushed", "at a slower pace", "more downtempo"),
    "energy+": ("more energetic", "livelier", "with more energy", "with more punch", "more pumped up"),
    "energy-": ("calmer", "mellower", "more laid back", "less intense", "more chilled out", "gentler"),
    "valence+": ("happier", "more cheerful", "less gloomy", "sunnier", "more upbeat"),
    "valence-": ("sadder", "darker", "more melancholic", "less cheerful", "moodier"),
    "danceability+": ("more danceable", "groovier", "easier to dance to", "with more groove"),
    "danceability-": ("less dancey", "with less of a beat", "not so groovy"),
    "acousticness+": ("more acoustic", "less electronic", "more stripped back", "more unplugged"),
    "acousticness-": ("less acoustic", "more electric", "with a bigger production", "more electronic"),
    "instrumentalness+": ("more instrumental", "with less singing", "with fewer vocals"),
    "instrumentalness-": ("with more vocals", "with more singing", "less instrumental"),
    "speechiness+": ("with more rapping or talking", "wordier", "more spoken"),
    "speechiness-": ("more melodic", "with less talking", "less wordy"),
    "loudness+": ("louder", "heavier", "bigger sounding", "with more noise"),
    "loudness-": ("quieter", "softer", "less loud", "more hushed"),
}
FLAWS: dict[str, tuple[str, ...]] = {
    "tempo+": ("fast", "hectic", "rushed"),
    "tempo-": ("slow", "draggy", "sleepy"),
    "energy+": ("intense", "wild", "hyper", "busy"),
    "energy-": ("sleepy", "tame", "dull", "mellow"),
    "valence+": ("cheerful", "happy", "sugary"),
    "valence-": ("sad", "depressing", "gloomy", "dark"),
    "danceability+": ("clubby", "dancey", "beat driven"),
    "danceability-": ("stiff", "shapeless", "hard to dance to"),
    "acousticness+": ("acoustic", "unplugged", "campfire-ish"),
    "acousticness-": ("electronic", "polished", "synthetic"),
    "instrumentalness+": ("instrumental", "wordless"),
    "instrumentalness-": ("full of vocals", "sung"),
    "speechiness+": ("talky", "wordy"),
    "speechiness-": ("melodic", "sing-songy"),
    "loudness+": ("loud", "noisy", "heavy"),
    "loudness-": ("quiet", "soft"),
}
# Sets of words that mean the same kind of music or mood; any of them may stand for any other.
ALIKE = (
    ("hip hop", "hip-hop", "hiphop"),
    ("rap", "rap music", "rap"),
    ("r&b", "rnb", "r and b", "r & b"),
    ("electronic", "electro", "electronica"),
    ("drum and bass", "dnb", "drum & bass"),
    ("rock", "rock", "rock and roll", "guitar rock"),
    ("classical", "classical", "orchestral"),
    ("country", "country", "country and western"),
    ("folk", "folk", "folky"),
    ("jazz", "jazz", "jazzy"),
    ("pop", "pop", "poppy"),
    ("metal", "metal", "heavy metal"),
    ("ambient", "ambient", "atmospheric"),
    ("lo-fi", "lofi", "lo fi"),
    ("dance", "dance", "dancefloor"),
    ("chill", "chilled", "chillout", "chill"),
    ("latin", "latin", "latino"),
    ("indie", "indie", "indie"),
    ("melancholic", "sad", "melancholy", "melancholic"),
    ("brooding", "moody", "brooding"),
    ("lonely", "lonely", "lonesome"),
    ("sombre", "sombre", "somber", "serious"),
    ("wistful", "wistful", "bittersweet", "nostalgic"),
    ("peaceful", "peaceful", "calm", "tranquil"),
    ("mellow", "mellow", "laid back", "easy going"),
    ("cosy", "cosy", "cozy", "warm"),
    ("soothing", "soothing", "calming", "relaxing"),
    ("dreamy", "dreamy", "floaty", "hazy"),
    ("angry", "angry", "furious"),
    ("intense", "intense", "fierce"),
    ("aggressive", "aggressive", "hard hitting", "in your face"),
    ("restless", "restless", "nervous"),
    ("upbeat", "upbeat", "cheery", "bouncy"),
    ("euphoric", "euphoric", "uplifting", "ecstatic"),
    ("feel-good", "feel good", "feelgood", "happy"),
    ("playful", "playful", "fun", "silly"),
    ("triumphant", "triumphant", "victorious", "epic"),
    ("workout", "workout", "gym"),
    ("party", "party", "partying"),
    ("sleep", "sleep", "falling asleep"),
    ("instrumental", "instrumental", "no vocals"),
)
_ALIKE = {group[0]: group[1:] for group in ALIKE} | {
    word: group for group in ALIKE for word in group if word != group[0]
}
_DECADES = {
    "1920": "twenties", "1930": "thirties", "1940": "forties", "1950": "fifties", "1960": "sixties",
    "1970": "seventies", "1980": "eighties", "1990": "nineties",
}  # fmt: skip
_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh"}


def kind(dice: Dice, facet: Facet) -> str:
    """Return a facet as it stands before a noun: "mellow", "rnb", "90s"."""
    if facet.aspect is Aspect.SOUND:
        return dice.pick(SOUNDS[facet.value])
    if facet.aspect is Aspect.ERA:
        return dice.pick(eras(facet.value))
    return dice.pick(_ALIKE.get(facet.value.lower(), (facet.value,)))


def eras(decade: str) -> tuple[str, ...]:
    """Return names of a decade."""
    short = f"{decade[2:]}s"
    names = (short, f"{decade}s", f"{decade[2:]}'s") if decade != "2000" else ("2000s", "early 2000s", "noughties")
    return (*names, _DECADES[decade]) if decade in _DECADES else names


def shift(dice: Dice, facet: Facet) -> str:
    """Return a comparative: "calmer", "with more groove"."""
    return dice.pick(SHIFTS[facet.value])


def flaw(dice: Dice, facet: Facet) -> str:
    """Return what too much of a facet is called: "too loud", "too jazzy", "too 80s"."""
    return dice.pick(FLAWS[facet.value]) if facet.aspect is Aspect.SOUND else kind(dice, facet)


def plain(facet: Facet) -> str:
    """Return a facet as a search query would name it, always the same."""
    if facet.aspect is Aspect.SOUND:
        return SOUNDS[facet.value][0]
    return f"{facet.value}s" if facet.aspect is Aspect.ERA else facet.value


def number(dice: Dice, count: int) -> str:
    """Return a small number, in letters or digits."""
    return _NUMBERS[count] if count in _NUMBERS and dice.chance(0.6) else str(count)


def place(dice: Dice, position: int, of: int) -> str:
    """Return how a place in a list is pointed at: "the second one", "number 2", "the last one"."""
    ways = [f"number {position}", f"#{position}", f"track {position}"]
    if position in _ORDINALS:
        ways += [
            f"the {_ORDINALS[position]} one",
            f"the {_ORDINALS[position]} track",
            f"the {_ORDINALS[position]} song",
        ]
    if position == of:
        ways += ["the last one", "the last song"]
    return dice.pick(ways)


def listed(dice: Dice, names: list[str]) -> str:
    """Return names as a list: "A", "A and B", "A, B and maybe C"."""
    if len(names) == 1:
        return names[0]
    link = dice.pick((" and ", " and ", " or ", " and maybe ", " & ", " plus "))
    return ", ".join(names[:-1]) + link + names[-1]
