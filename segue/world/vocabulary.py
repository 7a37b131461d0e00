"""The words of the world: genres with their sound, themes with their vocabulary, moods, instruments.

Lists only; `names.py`, `lyrics.py` and `wording.py` make names, lyrics and talk of them. Generic words of English, no
name of anyone or anything real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre and its usual sound: beats per minute, and energy, valence, danceability, acousticness in 0 to 1."""

    name: str
    styles: tuple[str, ...]
    themes: tuple[str, ...]
    instruments: tuple[str, ...]
    tempo_bpm: float
    energy: float
    valence: float
    danceability: float
    acousticness: float
    explicit: float = 0.03


GENRES = (
    Genre("ambient", ("drone", "space music", "soundscape"), ("sea", "dreams", "snow"),
          ("synth pads", "field recordings", "piano"), 74, 0.18, 0.38, 0.22, 0.62),
    Genre("folk", ("fingerstyle", "campfire", "ballads"), ("home", "rain", "sea"),
          ("acoustic guitar", "fiddle", "banjo"), 98, 0.34, 0.5, 0.44, 0.88),
    Genre("jazz", ("swing", "modal", "late night trio"), ("city", "love", "rain"),
          ("saxophone", "double bass", "brushed drums"), 112, 0.4, 0.56, 0.52, 0.74),
    Genre("house", ("deep house", "piano house", "garage"), ("dance", "love", "summer"),
          ("drum machine", "bass synth", "organ stabs"), 123, 0.76, 0.68, 0.86, 0.07),
    Genre("techno", ("warehouse", "minimal", "acid"), ("machines", "city", "dance"),
          ("drum machine", "modular synth", "sequencer"), 132, 0.84, 0.32, 0.78, 0.04),
    Genre("hip hop", ("boom bap", "trap", "conscious rap"), ("city", "money", "revolt"),
          ("sampler", "turntables", "sub bass"), 91, 0.66, 0.5, 0.79, 0.15, 0.45),
    Genre("metal", ("doom", "thrash", "black metal"), ("war", "snow", "machines"),
          ("distorted guitar", "double kick drums", "growls"), 141, 0.94, 0.22, 0.34, 0.02, 0.15),
    Genre("punk", ("hardcore", "pop punk", "garage punk"), ("revolt", "city", "money"),
          ("power chords", "shouted vocals", "fast drums"), 168, 0.91, 0.54, 0.46, 0.05, 0.2),
    Genre("soul", ("neo soul", "motor soul", "slow jams"), ("love", "heartbreak", "home"),
          ("electric piano", "horn section", "choir"), 94, 0.48, 0.62, 0.66, 0.42),
    Genre("pop", ("dance pop", "indie pop", "bedroom pop"), ("love", "summer", "heartbreak"),
          ("synths", "claps", "layered vocals"), 117, 0.68, 0.7, 0.7, 0.22, 0.06),
    Genre("country", ("honky-tonk", "outlaw", "bluegrass"), ("road", "home", "heartbreak"),
          ("pedal steel", "banjo", "twangy guitar"), 121, 0.52, 0.6, 0.58, 0.64),
    Genre("classical", ("chamber", "solo piano", "minimalism"), ("snow", "dreams", "rain"),
          ("string quartet", "grand piano", "cello"), 84, 0.22, 0.42, 0.18, 0.96),
    Genre("reggae", ("roots", "dub", "rocksteady"), ("summer", "revolt", "sea"),
          ("offbeat guitar", "bass", "melodica"), 78, 0.46, 0.74, 0.74, 0.34),
    Genre("synthwave", ("outrun", "dreamwave", "dark synth"), ("road", "machines", "dreams"),
          ("analog synth", "gated drums", "arpeggios"), 108, 0.7, 0.46, 0.6, 0.05),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theme:
    """What a lyric is about: things, qualities, doings, places."""

    name: str
    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    verbs: tuple[str, ...]
    places: tuple[str, ...]


THEMES = (
    Theme("sea", ("tide", "anchor", "lantern", "sail", "salt", "harbour bell", "driftwood", "gull"),
          ("silver", "restless", "deep", "windblown", "tidal"), ("drift", "sink", "row", "wash ashore", "set sail"),
          ("the harbour", "the breakwater", "an empty beach", "the far island")),
    Theme("dreams", ("pillow", "moonbeam", "mirror", "feather", "staircase", "whisper", "veil", "cloud"),
          ("weightless", "pale", "half awake", "endless", "blue"), ("float", "dissolve", "wander", "sleep", "fly"),
          ("the hallway of sleep", "a house of glass", "the other side", "the attic of the night")),
    Theme("snow", ("frost", "ember", "pine", "wolf", "icicle", "mitten", "breath", "north wind"),
          ("frozen", "white", "silent", "bitter", "hollow"), ("freeze", "shiver", "bury", "thaw", "howl"),
          ("the frozen lake", "the mountain pass", "a cabin in the woods", "the long winter")),
    Theme("home", ("kitchen", "front porch", "garden gate", "quilt", "kettle", "old photograph", "mother", "hearth"),
          ("warm", "familiar", "worn", "gentle", "humble"), ("return", "remember", "mend", "plant", "stay"),
          ("the old house", "the valley", "my father's field", "the village square")),
    Theme("rain", ("umbrella", "puddle", "thunder", "window pane", "gutter", "raincoat", "storm", "cloudburst"),
          ("grey", "soaked", "soft", "falling", "heavy"), ("pour", "wait", "weep", "drip", "shelter"),
          ("the bus stop", "the wet street", "a doorway", "the station roof")),
    Theme("city", ("neon", "subway", "taxi", "rooftop", "siren", "billboard", "corner store", "skyline"),
          ("crowded", "electric", "sleepless", "concrete", "bright"), ("hustle", "rush", "cross", "shine", "get lost"),
          ("downtown", "the avenue", "the twelfth floor", "the underground")),
    Theme("love", ("kiss", "heartbeat", "letter", "ring", "perfume", "sweetheart", "promise", "slow dance"),
          ("tender", "sweet", "burning", "faithful", "shy"), ("hold", "adore", "kiss", "belong", "fall for you"),
          ("your arms", "the balcony", "our secret garden", "the last row")),
    Theme("heartbreak", ("tear", "goodbye", "suitcase", "scar", "empty chair", "lie", "last call", "broken glass"),
          ("lonely", "bitter", "cold", "shattered", "tired"), ("cry", "leave", "regret", "break", "let go"),
          ("the empty bed", "the airport gate", "the end of the line", "this bar")),
    Theme("dance", ("disco ball", "dance floor", "rhythm", "bassline", "sneakers", "spotlight", "DJ", "crowd"),
          ("wild", "sweaty", "glittering", "loud", "loose"), ("move", "jump", "shake", "spin", "dance"),
          ("the club", "the floor", "the warehouse", "the afterparty")),
    Theme("summer", ("sunshine", "lemonade", "bicycle", "sunburn", "ice cream", "sandal", "sunset", "firefly"),
          ("golden", "lazy", "barefoot", "sun-drenched", "sticky"), ("swim", "laugh", "bloom", "melt", "chase the sun"),
          ("the pool", "the boardwalk", "the park", "the endless July")),
    Theme("machines", ("engine", "circuit", "robot", "signal", "cable", "piston", "satellite", "antenna"),
          ("metallic", "automatic", "cold", "humming", "programmed"), ("rotate", "transmit", "reboot", "overload"),
          ("the factory", "the control room", "orbit", "the assembly line")),
    Theme("money", ("dollar", "gold chain", "debt", "diamond", "landlord", "paycheck", "dice", "fortune"),
          ("rich", "broke", "greedy", "flashy", "hungry"), ("earn", "spend", "gamble", "owe", "count"),
          ("the bank", "the penthouse", "the pawn shop", "the block")),
    Theme("revolt", ("flag", "fist", "barricade", "megaphone", "chain", "slogan", "torch", "riot"),
          ("angry", "brave", "loud", "unbroken", "free"), ("fight", "rise", "resist", "shout", "march"),
          ("the streets", "the palace gates", "the picket line", "parliament")),
    Theme("war", ("sword", "skull", "crow", "iron crown", "blood", "shield", "grave", "thunder god"),
          ("ruthless", "black", "doomed", "ancient", "burning"), ("slay", "conquer", "burn", "fall", "avenge"),
          ("the battlefield", "the gates of hell", "the ruined keep", "the abyss")),
    Theme("road", ("highway", "headlight", "gas station", "truck", "map", "motel", "dashboard", "white line"),
          ("long", "dusty", "open", "midnight", "lonesome"), ("drive", "ride", "roll", "leave town", "hitch a ride"),
          ("the interstate", "the desert", "the county line", "the next exit")),
)  # fmt: skip

# What goes together, by the word that people have for it: genres as people hear them, themes as they feel them.
GENRE_FAMILIES = {
    "acoustic": ("ambient", "classical", "folk", "country", "jazz"),
    "electronic": ("house", "techno", "synthwave", "pop", "hip hop"),
    "band": ("metal", "punk", "soul", "reggae"),
}
THEME_FAMILIES = {
    "nature": ("sea", "snow", "rain", "summer", "dreams"),
    "heart": ("love", "heartbreak", "home", "road", "city"),
    "struggle": ("war", "revolt", "machines", "money", "dance"),
}

# Words for where a track lies between calm and energetic, sad and happy: (low energy, high energy) by valence.
MOODS = {
    (0, 0): ("melancholic", "brooding", "lonely", "sombre", "wistful"),
    (0, 1): ("peaceful", "mellow", "cosy", "soothing", "dreamy"),
    (1, 0): ("dark", "angry", "intense", "aggressive", "restless"),
    (1, 1): ("upbeat", "euphoric", "feel-good", "playful", "triumphant"),
}

PLACES_AND_TIMES = (
    "a long drive", "a rainy Sunday", "cooking dinner", "a morning run", "studying late", "a house party",
    "falling asleep",
    "the gym", "a road trip", "cleaning the flat", "coffee on the balcony", "the commute", "a first date",
    "reading a book", "getting over someone", "a night out", "the office", "a picnic", "coding through the night",
    "stretching",
)  # fmt: skip


def family_of(name: str, families: Mapping[str, Sequence[str]]) -> str:
    """The family to which a genre or theme belongs."""
    return next(family for family, kin in families.items() if name in kin)
