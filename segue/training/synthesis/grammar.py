"""A small grammar of asking for music: rules that make skeletons of sentences, with slots for what is asked.

Knows words and rules; `templates.py` says which rule a turn takes and fills the slots. In a rule, `<name>` is another
rule, `[...]` is said half of the time, and `{name}` is a slot that is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from segue.training.synthesis.asking import REQUESTS
from segue.training.synthesis.remarks import REMARKS
from segue.world.dice import Dice

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_RULE = re.compile(r"<(\w+)>")

WORDS: dict[str, tuple[str, ...]] = {
    # Words within sentences.
    "hello": ("hi", "hey", "hello", "hi there", "hey there", "good morning", "good evening", "hiya", "yo"),
    "so": ("so", "ok so", "right", "alright", "well", "ok", "um", "hmm", "let's see", "you know what"),
    "please": ("please", "if you can", "pls", "if possible", "thanks", "if that's ok", "if you don't mind"),
    "maybe": ("maybe", "perhaps", "possibly", "ideally", "kind of", "I think", "I guess"),
    "want": (
        "I want", "I'd like", "I would like", "I'm looking for", "I need", "I'm after", "I'd love", "I feel like",
        "I'm in the mood for", "I fancy", "I could use", "I'm hoping for", "looking for", "I was thinking of",
    ),
    "want_to": (
        "I want to", "I'd like to", "I would like to", "I'm looking to", "I need to", "I'd love to", "I'm trying to",
        "help me", "let's", "time to", "can we", "could we",
    ),
    "can_you": ("can you", "could you", "would you", "can u", "will you", "are you able to", "any chance you can"),
    "can_i": ("can I", "could I", "may I", "could we", "can we"),
    "find": (
        "find", "play", "pick", "suggest", "recommend", "dig up", "find me", "play me", "give me", "show me",
        "pull up", "get me", "put on",
    ),
    "add": ("add", "add in", "throw in", "include", "mix in", "put in", "bring in", "sprinkle in", "work in"),
    "have": ("have", "get", "hear", "listen to", "try", "see"),
    "have_2": ("have", "know", "recommend", "suggest"),
    "good": (
        "great", "lovely", "perfect", "awesome", "so good", "spot on", "excellent", "really nice", "brilliant",
        "amazing", "exactly right", "wonderful", "fantastic",
    ),
    "so_so": ("ok", "alright", "decent", "not bad", "fine", "hit and miss", "so-so", "half right", "getting there"),
    "bad": (
        "not it", "not what I meant", "not for me", "off", "not really my thing", "not quite right", "way off",
        "not what I had in mind", "not what I was after",
    ),
    "love": ("love", "like", "really like", "adore", "really enjoy", "am loving", "dig", "am into"),
    "love_2": ("love", "like", "be happy"),
    "love_3": ("love", "like", "enjoy", "play", "listen to"),
    "hate": ("don't like", "can't stand", "don't care for", "am not into", "didn't enjoy", "am not a fan of"),
    "now": ("now", "next", "then", "also", "this time", "at this point", "while we're at it"),
    "list": ("playlist", "mix", "list", "set", "selection", "collection"),
    "make": ("make", "build", "create", "put together", "start", "set up", "get going on"),
    # Noun phrases.
    "heads": ("songs", "tracks", "tunes", "songs", "numbers", "things", "pieces"),
    "mass": ("music", "stuff", "songs", "material", "tunes", "tracks", "sounds"),
    "few": ("a few", "a couple of", "a bunch of", "a handful of", "several", "a few good"),
    "some": ("some", "some good", "some nice", "more", ""),
    "but_no": (
        "no {without} <mass>", "nothing {without}", "less of the {without} <mass>", "not {without}",
        "minus the {without} <mass>",
        "without the {without} <heads>", "not so much {without}",
    ),
    "but_no_artist": (
        "not {without} again", "by someone other than {without}", "no {without}", "from other artists than {without}",
        "without {without}", "not {without}", "<maybe> not {without}",
    ),
    "but_more": (
        "more {kind} <heads>", "{kind} <mass>", "more on the {kind} side", "{kind}", "more {kind}", "the {kind} kind",
    ),
    "dwell": (
        "about {theme}", "that mention {theme}", "with {theme} in the lyrics", "where they sing about {theme}",
        "with lyrics about {theme}",
    ),
    "from_era": ("from the {era}", "out of the {era}", "made in the {era}"),
}  # fmt: skip

RULES: Mapping[str, tuple[str, ...]] = WORDS | REQUESTS | REMARKS


def expand(rule: str, dice: Dice, used: set[tuple[str, int]]) -> str:
    """Return a skeleton made by a rule. Alternatives in `used` are not taken again while others are left."""
    alternatives = RULES[rule]
    left = [index for index in range(len(alternatives)) if (rule, index) not in used]
    if not left:
        used -= {(rule, index) for index in range(len(alternatives))}
        left = [*range(len(alternatives))]
    index = dice.pick(left)
    used.add((rule, index))
    said = _OPTIONAL.sub(lambda found: found[1] if dice.chance(0.5) else "", alternatives[index])
    return _RULE.sub(lambda found: expand(found[1], dice, used), said)
