"""Reads one turn: its text, what the listener has before them and the catalogue's names in; wishes out.

What has one form is read by phrases, names by the book, and what is left word by word, each in its sense. Knows nothing
of other turns; `standing.py` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from segue.tokens.words import STOP_WORDS
from segue.wishes import phrases
from segue.wishes.amounts import amounts
from segue.wishes.lexicon import COMPARATIVES, SOUNDS
from segue.wishes.mentions import Known, Meant, Use, meanings
from segue.wishes.pointing import Pointed, Shown, pointed
from segue.wishes.senses import Sense, Senses
from segue.wishes.text import Word, folded, nobodies, words_of
from segue.wishes.wish import Act, Kind, Reading, Wish

_WHOLE_TURNS = (
    (phrases.GREET, Act.GREET), (phrases.THANK, Act.THANK), (phrases.CHAT, Act.CHAT), (phrases.HELP, Act.HELP),
)  # fmt: skip
# Phrases with one meaning; in this order, because the first takes its words away from the next.
_SET_PHRASES = (
    (phrases.CLEAN, Wish(Kind.CLEAN)),
    (phrases.ANY_WORDS, Wish(Kind.ANY_WORDS)),
    (phrases.SUNG, Wish(Kind.SUNG)),
    (phrases.FEW_INSTRUMENTAL, Wish(Kind.SOUND, "instrumentalness")),
    (phrases.INSTRUMENTAL, Wish(Kind.INSTRUMENTAL)),
    (phrases.KEEP, Wish(Kind.KEEP)),
    (phrases.RESET, Wish(Kind.RESET)),
    (phrases.CHANGE, Wish(Kind.CHANGE)),
    (phrases.NOVELTY, Wish(Kind.NOVELTY)),
    (phrases.KNOWN, Wish(Kind.NOVELTY, sign=-1)),
)
# Somebody who only compares texts would look for what these turn away from.
_MISLEADING = (Kind.WITHOUT, Kind.LESS, Kind.NOT_ARTIST, Kind.INSTRUMENTAL, Kind.CHANGE, Kind.RESET)
# What a question is about stands so few words behind it.
_CLOSE = 2


def read(text: str, shown: Shown, known: Known, this_year: int) -> Reading:
    """Return what a turn asks for."""
    plain = folded(text)
    act = next((act for pattern, act in _WHOLE_TURNS if pattern.match(plain)), Act.ASK)
    if act is not Act.ASK:
        return Reading(act)
    reading = _Turn(plain, shown, known).read(this_year)
    return replace(reading, said=reading.text if reading.of(*_MISLEADING) else text.strip())


class _Turn:
    def __init__(self, text: str, shown: Shown, known: Known) -> None:
        self._text = text
        self._left = text
        self._shown = shown
        self._known = known
        self._wishes: list[Wish] = []
        self._added: list[str] = []
        self._about: list[str] = []
        self._missed: list[int] = []
        self._reference: tuple[str, ...] = ()
        self._fresh = False

    def read(self, this_year: int) -> Reading:
        meant, pointing = self._blanked(this_year)
        # Names and pointing say nothing about which way they count, the words between them do.
        senses = Senses(self._left)
        act = self._act()
        for each in meant:
            self._name(each, senses, act)
        for at in pointing:
            self._point(at, senses, act)
        self._sounds(senses)
        self._words(senses)
        if self._fresh:
            self._wishes.append(Wish(Kind.FRESH))
        act = self._answerable(act)
        return Reading(
            act=act,
            wishes=tuple(dict.fromkeys(self._wishes)),
            text=self._rest_of_text(),
            about=tuple(dict.fromkeys(self._about)),
            unknown=tuple(nobodies(self._left, self._known)) if act is Act.ASK else (),
            missed=tuple(self._missed),
        )

    def _blanked(self, this_year: int) -> tuple[list[Meant], list[Pointed]]:
        """Find names, numbers, phrases of one form and pointing, blank them, and return the names and the pointing."""
        meant = meanings(self._text, self._shown, self._known)
        self._take_all(each for each in meant if each.use is not Use.TAG)
        self._fresh = bool(phrases.FRESH.search(self._left))
        self._numbers(this_year)
        self._phrases()
        # A tag may be part of what has one form: "no instrumentals", "80s".
        meant = [each for each in meant if each.use is not Use.TAG or self._is_left(each)]
        self._take_all(each for each in meant if each.use is Use.TAG)
        pointing = pointed(self._left, self._shown)
        for at in pointing:
            self._take(at.start, at.end)
        return meant, pointing

    def _is_left(self, meant: Meant) -> bool:
        return self._left[meant.start : meant.end] == self._text[meant.start : meant.end]

    def _answerable(self, act: Act) -> Act:
        """Return the act; what is about no track asks for tracks, unless it plainly is a question about one."""
        if act is Act.WHY and not self._about:
            self._about = list(self._shown.last[:3]) or [self._shown.playing] * bool(self._shown.playing)
        if act is Act.ABOUT and not self._about and not phrases.ABOUT_ONE.search(self._text):
            return Act.ASK
        return act

    def _rest_of_text(self) -> str:
        """Return what is left to be close to, without the words that only turn others."""
        for pattern in (phrases.NEGATORS, phrases.LESS):
            self._left = pattern.sub(" ", self._left)
        words = [word.text for word in words_of(self._left)]
        return " ".join((*words, *self._added)) if self._added or any(word not in STOP_WORDS for word in words) else ""

    def _take_all(self, meant: Iterable[Meant]) -> None:
        for each in meant:
            self._take(each.start, each.end)

    def _take(self, start: int, end: int) -> None:
        """Blank what has been understood, leaving every other place where it is."""
        self._left = self._left[:start] + " " * (end - start) + self._left[end:]

    def _numbers(self, this_year: int) -> None:
        for found in amounts(self._left, this_year):
            self._wishes.append(found.wish)
            self._take(found.start, found.end)

    def _phrases(self) -> None:
        for pattern, wish in _SET_PHRASES:
            while match := pattern.search(self._left):
                self._take(*match.span())
                if wish.kind is Kind.KEEP:
                    basis = self._shown.last or (self._shown.playing,)
                    wish = Wish(Kind.KEEP, track_ids=tuple(each for each in basis if each))  # noqa: PLW2901
                elif wish.kind is Kind.SOUND:
                    wish = Wish(Kind.SOUND, wish.name, track_ids=self._shown.last)  # noqa: PLW2901
                self._wishes.append(wish)

    def _act(self) -> Act:
        if phrases.WHY.search(self._left) and not self._left.lstrip().startswith("why not"):
            return Act.WHY
        return Act.ABOUT if phrases.ABOUT.search(self._left) else Act.ASK

    def _name(self, meant: Meant, senses: Senses, act: Act) -> None:
        sense = senses.at(meant.start)
        clause = senses.clause(meant.start, meant.end)
        if meant.use is Use.TAG:
            self._tag(meant, sense)
        elif meant.use is Use.THAN:
            self._reference = meant.track_ids
        elif self._is_asked(act, meant.start) and meant.is_track:
            self._about += meant.track_ids[:1]
        elif sense is Sense.NOT or ((meant.offered or meant.is_track) and phrases.BLAME.search(clause)):
            self._refuse(meant)
        else:
            self._want(meant, sense, praised=bool(phrases.PRAISE.search(clause)))

    def _is_asked(self, act: Act, start: int) -> bool:
        """Whether a question is about what begins here: all that follows a why, and what is close behind a what."""
        if act is not Act.ABOUT:
            return act is Act.WHY
        asked = phrases.ABOUT.search(self._left)
        return asked is not None and start >= asked.end() and len(self._left[asked.end() : start].split()) <= _CLOSE

    def _tag(self, meant: Meant, sense: Sense) -> None:
        kind = {Sense.NOT: Kind.WITHOUT, Sense.LESS: Kind.LESS, Sense.MORE: Kind.MORE}.get(sense)
        moves = SOUNDS.get(meant.written, ())
        if sense in (Sense.NOT, Sense.LESS) or (sense is Sense.MORE and moves):
            self._shift(meant.written, sense)
        if kind is not None:
            self._wishes.append(Wish(kind, meant.written))
        if sense in (Sense.PLAIN, Sense.MORE):
            self._added.append(meant.written)

    def _refuse(self, meant: Meant) -> None:
        if meant.artist and not meant.is_track:
            self._wishes.append(Wish(Kind.NOT_ARTIST, meant.artist))
        else:
            self._wishes.append(Wish(Kind.DISLIKED, track_ids=meant.track_ids))
        self._reference = self._reference or meant.track_ids[:1]

    def _want(self, meant: Meant, sense: Sense, *, praised: bool) -> None:
        if meant.is_track and (meant.offered or (praised and meant.use is Use.TRACK)):
            self._wishes.append(Wish(Kind.LIKED, track_ids=meant.track_ids))
            self._reference = self._reference or meant.track_ids
        elif sense is Sense.LESS:
            self._wishes.append(Wish(Kind.LESS, meant.written))
        elif meant.use in (Use.LIKE, Use.OFFERED_ARTIST):
            self._wishes.append(Wish(Kind.LIKE, meant.artist or meant.written, track_ids=meant.track_ids))
            self._reference = self._reference or meant.track_ids
        else:
            kind = {Use.ONLY: Kind.ONLY_BY, Use.BY: Kind.BY, Use.ALBUM: Kind.ALBUM}.get(meant.use, Kind.TRACK)
            self._wishes.append(Wish(kind, meant.artist or meant.written, track_ids=meant.track_ids))
            self._reference = self._reference or meant.track_ids

    def _point(self, at: Pointed, senses: Senses, act: Act) -> None:
        if at.missed:
            self._missed.append(at.missed)
        if not at.track_ids:
            return
        clause = senses.clause(at.start, at.end)
        bad = (
            senses.at(at.start) is Sense.NOT
            or bool(phrases.BLAME.search(clause))
            or "none of" in self._text[at.start : at.end]
        )
        if self._is_asked(act, at.start):
            # "What is it?" asks for music as often as about it.
            said = self._text[at.start : at.end]
            self._about += at.track_ids[:3] if said != "it" or phrases.ABOUT_IT.search(self._text[: at.end]) else ()
        elif phrases.THIS_ARTIST.search(self._text[at.start : at.end]):
            for artist in self._artists(at.track_ids[0]):
                self._wishes.append(Wish(Kind.NOT_ARTIST if bad else Kind.BY, artist))
        elif phrases.THAN.search(self._left[: at.start]):
            self._reference = at.track_ids
        elif self._text[at.start : at.end] == "it" and not (bad or phrases.PRAISE.search(clause)):
            return
        else:
            self._wishes.append(Wish(Kind.DISLIKED if bad else Kind.LIKED, track_ids=at.track_ids))
            self._fresh |= at.whole
            self._reference = self._reference or at.track_ids

    def _artists(self, track_id: str) -> Sequence[str]:
        track = self._known.track(track_id)
        return track.artists if track is not None else ()

    def _sounds(self, senses: Senses) -> None:
        for word in self._rest():
            if word.text in SOUNDS:
                sense = senses.at(word.start)
                self._shift(word.text, sense)
                if sense in (Sense.NOT, Sense.LESS) or word.text in COMPARATIVES:
                    self._take(word.start, word.end)

    def _shift(self, word: str, sense: Sense) -> None:
        against = -1 if sense in (Sense.NOT, Sense.LESS) else 1
        compared = sense in (Sense.LESS, Sense.MORE) or word in COMPARATIVES
        than = (self._reference or self._shown.last) if compared else ()
        for feature, sign in SOUNDS.get(word, ()):
            self._wishes.append(Wish(Kind.SOUND, feature, sign=sign * against, track_ids=than))

    def _words(self, senses: Senses) -> None:
        """What tracks may carry and is refused, word by word; neighbouring words are one thing."""
        phrase: list[Word] = []
        for word in [*self._rest(), None]:
            if word is not None and senses.at(word.start) in (Sense.NOT, Sense.LESS):
                self._take(word.start, word.end)
                if word.text not in STOP_WORDS and word.text not in SOUNDS and word.text in self._known.words:
                    phrase.append(word)
                    continue
            if phrase:
                less = senses.at(phrase[0].start) is Sense.LESS
                self._wishes.append(Wish(Kind.LESS if less else Kind.WITHOUT, " ".join(each.text for each in phrase)))
                phrase = []

    def _rest(self) -> list[Word]:
        return words_of(self._left)
