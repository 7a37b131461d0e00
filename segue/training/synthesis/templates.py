"""The writer that needs nobody: a plan put into words by the grammar, a different listener's voice for each dialogue.

Knows plans, grammar and lexicon. No alternative of a rule is used twice within a dialogue while others are left, so a
dialogue repeats no sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from segue.training.synthesis import lexicon
from segue.training.synthesis.grammar import expand
from segue.training.synthesis.plan import (
    OWN_WORDS,
    Act,
    Aspect,
    DialoguePlan,
    Facet,
    Feedback,
    Mention,
    Request,
    TurnPlan,
)
from segue.training.synthesis.voice import Voice
from segue.world.dice import Dice

# Facets in the order in which they stand before a noun.
_BEFORE = (Aspect.SOUND, Aspect.ERA, Aspect.SCENE, Aspect.TAG)
MAX_UTTERANCE_LENGTH = 500


class TemplateWriter:
    """Writes the utterances of a plan; the same plan gives the same ones. A `writer.Writer`."""

    at_once = 1

    def write(self, plan: DialoguePlan) -> tuple[str, ...]:
        """Return one utterance for each turn, 1 to 500 characters."""
        speaker = _Speaker(Dice(plan.seed, "utterances", plan.number))
        return tuple(speaker.say(turn)[:MAX_UTTERANCE_LENGTH].strip() or "more" for turn in plan.turns)


@dataclass(slots=True)
class _Speaker:
    """One listener during one dialogue."""

    dice: Dice
    voice: Voice = field(init=False)
    used: set[tuple[str, int]] = field(default_factory=set)
    slots: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.voice = Voice.of(self.dice)

    def say(self, turn: TurnPlan) -> str:
        """Return what is said in a turn: of the last list, then the request."""
        self.slots = {}
        request = self._request(turn.request)
        about = [*self._reaction(turn), *(self._of_track(number, it) for number, it in enumerate(turn.feedback))]
        corrects = turn.request.act is Act.CORRECT
        if self.voice.terse and not corrects and self.dice.chance(0.7):
            about = []
        if about and self.dice.chance(0.3):
            about = [
                self.dice.pick((", ", ", but ", " - ", ", and ") if corrects else (", ", ", and ", " - ")).join(about)
            ]
        return self.voice.write(self.dice, [*about, *request], self.slots)

    def _reaction(self, turn: TurnPlan) -> list[str]:
        chance = 0.35 if turn.feedback else 0.6
        if turn.pleased is None or turn.request.act is Act.CLOSE or not self.dice.chance(chance):
            return []
        rule = "all_good" if turn.pleased > 0.99 else "some_good" if turn.pleased > 0.3 else "none_good"
        return [self._expand(rule)]

    def _of_track(self, number: int, feedback: Feedback) -> str:
        slot = f"track{number}"
        self.slots[slot] = self._pointed(feedback)
        rule = "praise" if feedback.liked else "complaint" if feedback.flaw is None else "flawed"
        if feedback.flaw is not None:
            self.slots["flaw"] = lexicon.flaw(self.dice, feedback.flaw)
            if feedback.flaw.aspect is not Aspect.SOUND:
                rule = "complaint" if feedback.flaw.aspect is Aspect.ARTIST else "wrong_kind"
        return self._expand(rule).replace("{track}", f"{{{slot}}}")

    def _pointed(self, feedback: Feedback) -> str:
        track = feedback.track
        match feedback.mention:
            case Mention.PLACE:
                return lexicon.place(self.dice, feedback.place, feedback.of)
            case Mention.ARTIST:
                bare = track.artist.removeprefix("The ")
                return self.dice.pick((track.artist, f"the {bare} one", f"the one by {track.artist}"))
            case Mention.BOTH:
                return self.dice.pick((f"{track.title} by {track.artist}", f"{track.artist}'s {track.title}"))
        return self.dice.pick((track.title, track.title, f'"{track.title}"'))

    def _request(self, request: Request) -> list[str]:
        self.slots["some"] = self._some(request)
        said = [self._asked(request)]
        if request.without and request.act not in {Act.CONTRAST, Act.CORRECT}:
            bad = request.without[0]
            self.slots["without"] = _unwanted(self.dice, bad)
            rule = "without_artist" if bad.aspect is Aspect.ARTIST else "without"
            said = (
                [said[0].rstrip("?") + ", " + self._expand(rule)]
                if self.dice.chance(0.5)
                else [*said, self._expand(rule)]
            )
        return said

    def _asked(self, request: Request) -> str:
        own = [facet for facet in request.facets if facet.aspect in OWN_WORDS]
        artists = [facet.value for facet in request.facets if facet.aspect is Aspect.ARTIST]
        rest = [facet for facet in request.facets if facet.aspect is not Aspect.ARTIST and facet not in own]
        self.slots["artists"] = lexicon.listed(self.dice, artists) if artists else ""
        match request.act:
            case Act.OPEN:
                return self._opened(own, artists, rest, request.count)
            case Act.SIMILAR | Act.CONTRAST | Act.CORRECT:
                return self._related(request, rest)
            case Act.MORE:
                return self._expand("more_artist" if artists else "more")
            case Act.CLOSE:
                return self._expand("close")
        if artists:
            return self._expand("artists")
        return self._what(rest, request.count, self._expand("switch" if request.act is Act.SWITCH else "refine"))

    def _opened(self, own: list[Facet], artists: list[str], rest: list[Facet], count: int | None) -> str:
        if own:
            slot = "name" if own[0].aspect is Aspect.NAME else "about"
            self.slots[slot] = own[0].value
            more = [self._what(rest, count, "{what}")] if rest else ["{artists}"] if artists else []
            joined = self.dice.pick((", {}", ", so {}", ", with {}", ", like {}", ", {} for example"))
            return self._expand(f"open_{slot}").rstrip("?") + "".join(joined.format(each) for each in more)
        if artists:
            like = self.dice.pick(("{artists}", "some {artists}", "songs by {artists}", "artists like {artists}"))
            return self._expand("open").replace("{what}", like)
        return self._what(rest, count, self._expand("open")) if rest else self._expand("open_blank")

    def _related(self, request: Request, rest: list[Facet]) -> str:
        like = request.like
        assert like is not None
        self.slots["like"] = like.artist if request.by_artist else self._known_as(like.title, like.artist)
        if request.act is Act.SIMILAR:
            said = self._expand("similar")
            return f"{said.rstrip('?')}, {self._what(rest, request.count, '{what}')}" if rest else said
        self.slots["but"] = self._difference(request, rest)
        rule = "contrast" if request.act is Act.CONTRAST else "correct"
        return self._expand(rule if request.shifts else f"{rule}_plain")

    def _known_as(self, title: str, artist: str) -> str:
        return self.dice.pick((title, title, f"{title} by {artist}")) if artist else title

    def _difference(self, request: Request, rest: list[Facet]) -> str:
        if request.shifts:
            return lexicon.shift(self.dice, request.shifts[0])
        if request.without:
            bad = request.without[0]
            rule = "but_no_artist" if bad.aspect is Aspect.ARTIST else "but_no"
            return self._expand(rule).replace("{without}", _unwanted(self.dice, bad))
        facet = rest[0]
        if facet.aspect is Aspect.THEME:
            return self._expand("dwell").replace("{theme}", facet.value)
        if facet.aspect is Aspect.ALBUM:
            return f"from {facet.value}"
        if facet.aspect is Aspect.ERA:
            return self._expand("from_era").replace("{era}", lexicon.kind(self.dice, facet))
        return self._expand("but_more").replace("{kind}", lexicon.kind(self.dice, facet))

    def _what(self, facets: list[Facet], count: int | None, frame: str) -> str:
        """Put a noun phrase into a frame: "three slow 90s soul songs about rain"; its parts become slots."""
        before = sorted((it for it in facets if it.aspect in _BEFORE), key=lambda it: _BEFORE.index(it.aspect))
        after = [it for it in facets if it.aspect not in _BEFORE]
        kinds = self.dice.pick((" ", " ", ", ")).join(lexicon.kind(self.dice, it) for it in before)
        tail = " ".join(self._after(it) for it in after)
        self.slots["kinds"], self.slots["tail"] = kinds, tail
        bare = all(it.aspect in {Aspect.SOUND, Aspect.TAG} for it in facets)
        if count is not None:
            self.slots["count"] = lexicon.number(self.dice, count)
            phrase = f"{{count}} {{kinds}} {self._expand('heads')} {{tail}}"
        elif bare and self.dice.chance(0.35):
            phrase = self.dice.pick(("something {kinds}", "{kinds}", "anything {kinds}", "some {kinds}"))
        elif self.dice.chance(0.5):
            phrase = f"{self._expand('few')} {{kinds}} {self._expand('heads')} {{tail}}"
        else:
            phrase = f"{self._expand('some')} {{kinds}} {self._expand('mass')} {{tail}}"
        return frame.replace("{what}", phrase)

    def _after(self, facet: Facet) -> str:
        if facet.aspect is Aspect.THEME:
            return self._expand("dwell").replace("{theme}", facet.value)
        return self.dice.pick(("from {}", "off {}", "from the album {}")).format(facet.value)

    def _some(self, request: Request) -> str:
        return (
            self.dice.pick(("some", "a few", "a couple"))
            if request.count is None
            else lexicon.number(self.dice, request.count)
        )

    def _expand(self, rule: str) -> str:
        return expand(rule, self.dice, self.used)


def _unwanted(dice: Dice, facet: Facet) -> str:
    return facet.value if facet.aspect is Aspect.ARTIST else lexicon.kind(dice, facet)
