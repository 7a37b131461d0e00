"""Words that say how music sounds, and the words that people ask with. Lists only.

A sound word moves one or more audio features, or the length or year of a track, up or down.
"""

from __future__ import annotations

from collections.abc import Mapping

from segue.tokens.words import STOP_WORDS

ENERGY, VALENCE, TEMPO, DANCE, ACOUSTIC, LOUD = (
    "energy", "valence", "tempo_bpm", "danceability", "acousticness", "loudness_db",
)  # fmt: skip
LENGTH, YEAR = "duration_seconds", "year"
FEATURES = (ENERGY, VALENCE, TEMPO, DANCE, ACOUSTIC, LOUD, "instrumentalness", LENGTH, YEAR)

_UP: Mapping[str, str] = {
    ENERGY: "energetic intense powerful hard heavy aggressive wild loud lively livelier busy hectic upbeat driving "
    "harder heavier louder energy punchy punchier rowdy rowdier energetisch lauter",
    VALENCE: "happy happier cheerful joyful sunny sunnier bright brighter upbeat uplifting feel-good euphoric playful "
    "positive sweet sweeter fun triumphant fröhlich fröhlicher alegre",
    TEMPO: "fast faster quick quicker uptempo up-tempo speed tempo schnell schneller rápido rapide",
    DANCE: "danceable dancier groovy groovier funky funkier",
    ACOUSTIC: "acoustic unplugged organic",
    LENGTH: "longer",
    YEAR: "newer modern recent contemporary current",
}
_DOWN: Mapping[str, str] = {
    ENERGY: "calm calmer quiet quieter mellow mellower relaxing relaxed relaxing chill chiller soft softer gentle "
    "gentler soothing peaceful sleepy laid-back low-key tranquil lighter tame tamer dull ruhig ruhiger tranquilo calme",
    VALENCE: "sad sadder dark darker gloomy gloomier melancholic melancholy moody depressing lonely brooding sombre "
    "somber wistful bitter angry angrier bleak traurig triste",
    TEMPO: "slow slower downtempo down-tempo sluggish langsam langsamer lento lent",
    ACOUSTIC: "electronic synthetic electric elektronisch",
    LENGTH: "shorter",
    YEAR: "older oldies old-school oldschool vintage retro",
}
_ALSO: Mapping[str, tuple[tuple[str, int], ...]] = {
    "slow": ((ENERGY, -1),),
    "sleepy": ((TEMPO, -1),),
    "angry": ((ENERGY, 1),),
    "dark": (),
    "dull": (),
}


def _sounds() -> dict[str, tuple[tuple[str, int], ...]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for lists, sign in ((_UP, 1), (_DOWN, -1)):
        for feature, words in lists.items():
            for word in words.split():
                found.setdefault(word, []).append((feature, sign))
    for word, more in _ALSO.items():
        found.setdefault(word, []).extend(more)
    return {word: tuple(dict.fromkeys(moves)) for word, moves in found.items()}


SOUNDS: Mapping[str, tuple[tuple[str, int], ...]] = _sounds()
# Words that compare with what was heard before, even alone.
COMPARATIVES = frozenset(
    word
    for word in SOUNDS
    if (word.endswith("er") and word not in ("sombre", "somber", "older", "longer")) or word in ("older", "longer")
) - {"somber"}

# What people call a way that a feature may go: (less, more).
FEATURE_WORDS: Mapping[str, tuple[str, str]] = {
    ENERGY: ("calmer", "more energetic"),
    VALENCE: ("darker", "brighter"),
    TEMPO: ("slower", "faster"),
    DANCE: ("less danceable", "more danceable"),
    ACOUSTIC: ("more electronic", "more acoustic"),
    LOUD: ("quieter", "louder"),
    LENGTH: ("shorter", "longer"),
    YEAR: ("older", "newer"),
    "instrumentalness": ("sung", "instrumental"),
}

# Common words: a name that is one of them is only a name where something says so.
COMMON = (
    STOP_WORDS
    | frozenset(SOUNDS)
    | frozenset(
        """
    absolutely across active add afternoon age ago alone already always amazing angel another answer anyone anything
    around art artist artists away awesome awful baby background bad band bands bass beach beat beats beautiful bed
    been before begin best better between big bit black blue boring born both boy break breakfast bring broken
    brother build call called car care change cheers city classic classics clean close club coding coffee cold color
    colour come coming commute cook cooking cool couple cover covers crazy cry cute dad dance dancing date day days
    deep definitely desert different dinner dirty discover does doing done down dream dreams dreamy drink drive
    driving drums each early earth easy else end energy enjoy enough era especially even evening ever every
    everybody everyone everything exact exactly eyes face fall falling family fan far favorite favorites favourite
    favourites feel feeling feels few fewer find fine fire first five fit fits flat flow focus follow forest forever
    forget four free fresh friday friend friends full fun game garden genre genres gentle getting girl girls give
    given glad goes going gold gone gotta great green groove ground group guitar guy guys gym half hand happen happy
    hard hate head heart heat heaven hell help high hit hits hmm hold home honey hope hot hour hours house idea
    instead instrumental intense interesting jam jams job joy keep kid kids kind king kitchen know known lady last
    late later laid leave left less let's life light lines list listen listened live long longer look lost lot lots
    loud love loved lovely loves low lyrics man mean meant melody men middle mind minute minutes mix moment monday
    money month mood moon more morning mother move moving mum must name named near never next nice night none nope
    nothing number occasion ocean office ones open own painful paint paper party past peace people perfect person
    piano picnic picture piece place played player playing plenty popular possible power pretty probably problem
    quick quiet quite radio rain rainy rather reading ready real red reading reason rest reminds retro rhythm ride
    river road rock romantic room roof run running sad same sang saturday say says sea second see seem series set
    shine short shower side sing singer singing single sings sister six sky sleep sleeping slow small smile smoke
    smooth snow soft soul sound spring stand star start stay still stop storm story strange street strong study
    studying stuff style styles such suggestion summer sun sunday sunset super sure surprise sweet take taking talk
    taste tea tell ten terrible text then thing things thinking third three through till time times tired title
    today together tomorrow tonight top touch train travel trip true try tune tunes turn tv two type under unknown
    until usual usually vibe vibes video vocal vocals voice voices wait wake walk walking wall wanna want warm
    wasn't watch water wave way weather wedding week weekend weird while white whole whose why wild wind window
    winter woman women won't wonder word words work working workout world worry worse wow write wrong year years
    yellow yes yesterday yet young
    """.split()  # noqa: SIM905 - a list of 400 words would take as many lines
    )
)
