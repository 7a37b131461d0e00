"""Numbers in what is said: how many tracks, how long, of which years. Text in, wishes with their places out.

Text is folded: compatibility form, lower case, straight apostrophes. Knows no names and no catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from segue.wishes.wish import Kind, Wish

MOST = 100
FEW_MINUTES = 15
# About three minutes is half a minute more or less.
ABOUT_SECONDS = 30.0

_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_NUMBERS = {word: float(place) for place, word in enumerate(_WORDS)} | {
    "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "hundred": 100.0, "a dozen": 12.0, "half a dozen": 6.0,
    "a couple of": 2.0, "a couple": 2.0, "a pair of": 2.0, "a handful of": 5.0, "half a": 0.5,
}  # fmt: skip
_WORD_NUMBER = "|".join(sorted(_NUMBERS, key=len, reverse=True))
NUMBER = rf"(?:\d{{1,4}}(?:[.,]\d)?(?![\d']|s\b)|(?:{_WORD_NUMBER})\b)"
_THINGS = r"(?:songs?|tracks?|tunes?|pieces?|ones|recommendations?|suggestions?|results?|titles?|numbers|records|hits)"
_COUNTED = re.compile(
    rf"\b(?P<n>{NUMBER})(?: (?:more|other|of|the|[a-z&'-]+)){{0,4}}? {_THINGS}\b"
    rf"|\b(?:top|just|only|give me|show me|find me|make (?:it|that|them)|play me|i want|i need|maybe|stop (?:at"
    rf"|after)|limit it to) (?P<only>{NUMBER})"
    rf"(?= *(?:$|[,.;!?]|please|more|of|for|with|but|and|under|over|from|then))"
    rf"|\b(?P<more>{NUMBER}) (?:more|others?)\b"
    rf"|^(?:(?:ok|so|hi|hey|hello|well)[, ]+)?(?P<first>{NUMBER})(?= *(?:$|[,;]| please| of| max))"
    rf"|\b(?P<another>another|a single)\b(?! \d)"
)
_NO_COUNT_BEFORE = re.compile(
    r"\b(?:the|this|(?<!make )that|number|no\.|part|vol\.?|volume|last|first|next|under|over|#)\s*$"
)
_UNIT = r"(?:minutes?|mins?\b|m\b|seconds?|secs?\b|s\b|hours?)"
_LENGTH = rf"(?:\d{{1,2}}:\d\d|{NUMBER}(?: and a half)?(?:\s?-?{_UNIT}(?: and a half)?)?)"
# "Nothing that runs", "no songs", "skip everything": what follows is turned round.
_REFUSE = (
    r"(?:nothing(?! but)|none|no|not|never|don't want|do not want|don't like|without|skip|avoid|exclude|drop|remove"
    r"|hate"
    r"|can't stand"
    r"|leave out|spare me|tired of)"
)
_NONE = rf"{_REFUSE}(?: [\w']+){{0,4}}?"
_AT_MOST = (
    r"(?:under|below|less than|shorter than|at most|no longer than|not longer than|not more than|no more than|not over|"
    rf"up to|within|max(?:imum)?(?: of)?|at the most|{_NONE} (?:over|above|longer than|more than))"
)
_AT_LEAST = (
    r"(?:over|above|more than|longer than|at least|no shorter than|not shorter than|not under|no less than|"
    rf"min(?:imum)?(?: of)?|{_NONE} (?:under|below|shorter than|less than))"
)
_LONG = re.compile(
    rf"\b(?:between |from )?(?P<from>{_LENGTH}) ?(?:-|–|to|and) ?(?P<to>\d{{1,2}}:\d\d|{NUMBER} ?{_UNIT})"
    rf"|\b(?P<most>{_AT_MOST}) (?P<a>{_LENGTH})|\b(?P<least>{_AT_LEAST}) (?P<b>{_LENGTH})"
    rf"|\b(?P<c>\d{{1,2}}:\d\d|{NUMBER} ?-?{_UNIT}) (?:or|and) (?P<way>less|shorter|under|more|longer|over)"
    rf"|\b(?P<d>\d{{1,2}}:\d\d|{NUMBER} ?-?{_UNIT}) (?P<end>(?:is )?(?:the |my )?(?:max(?:imum)?|limit|tops)"
    rf"|at most|at least|min(?:imum)?)\b"
    rf"|\b(?:about|around|roughly) (?P<e>\d{{1,2}}:\d\d|{NUMBER} ?-?{_UNIT})(?= long|\s*(?:each|$|[,.;]))"
    rf"|\b(?P<any>any length|(?:length|duration) (?:does not|doesn't) matter)\b"
)
_LESS_THAN = re.compile(r"less|shorter|under|max|limit|tops|at most")
_DECADE_WORDS = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990, "noughties": 2000, "two thousands": 2000, "two-thousands": 2000,
}  # fmt: skip
_DECADE = rf"(?:(?:19|20)\d0'?s|'?\d0'?s|{'|'.join(_DECADE_WORDS)})"
_YEAR = r"(?:19|20)\d\d"
_TIME = rf"(?:the )?(?:(?:early|mid|late)[- ])?(?:{_DECADE}|{_YEAR}(?!\d|'?s))\b"
_NEGATED = rf"{_REFUSE}(?: [\w']+){{0,2}}?"
_FROM = r"(?: (?:that's|that is|released|made|recorded|older|newer|stuff|songs?|tracks?|anything|from|by))*"
_OLDER = r"(?:before|prior to|older than|earlier than|pre-?)"
_NEWER = r"(?:(?<!i'm )(?<!am )after|newer than|later than|more recent than|post-?)"
_WHEN = re.compile(
    rf"\b(?:(?P<no>{_NEGATED}){_FROM} )?(?:(?:from|released|made) )*(?P<older>{_OLDER}) ?(?P<a>{_TIME})"
    rf"|\b(?:(?P<no2>{_NEGATED}){_FROM} )?(?:(?:from|released|made) )*(?P<newer>{_NEWER}) ?(?P<b>{_TIME})"
    rf"|\b(?:(?P<no5>{_NEGATED}){_FROM} )?(?:between|from)? ?(?P<c>{_TIME}) ?(?:-|–|to|until|till|and) ?(?P<d>{_TIME})"
    rf"|\b(?:since|from) (?P<e>{_TIME})(?P<on> (?:on(?:wards?)?|and (?:later|newer|after|up)|or (?:later|newer)))"
    rf"|\b(?P<since>since|not before|no older than) (?P<f>{_TIME})"
    rf"|\b(?P<till>until|till|up to|not after|no newer than|no later than) (?P<g>{_TIME})"
    rf"|\b(?P<h>{_TIME}) (?:and|or) (?P<way>later|newer|after|earlier|older|before)\b"
    rf"|\b(?:(?P<no3>{_NEGATED}){_FROM} )?(?P<lean>like in |around |inspired by )?(?:(?:in|from) )?(?P<i>{_TIME})"
    rf"(?P<soft> or so|[- ](?:style|vibes?|feel|sound|inspired|like|ish)\b)?"
    rf"|\b(?P<this>this year)\b|\b(?:the )?(?:last|past) (?P<ago>{NUMBER}) years\b|\b(?P<last>last year)\b"
    rf"|\b(?P<any>any (?:year|era|decade)|(?:the )?(?:year|era|decade) (?:does not|doesn't) matter)\b"
)


class Found(NamedTuple):
    """A wish and where the text says it."""

    start: int
    end: int
    wish: Wish


def amounts(text: str, this_year: int) -> list[Found]:
    """Return what a folded text says about years, lengths and numbers of tracks, in that order; none overlap."""
    found: list[Found] = []
    for finder in (_years(text, this_year), _lengths(text), _counts(text)):
        for each in finder:
            if all(each.end <= other.start or each.start >= other.end for other in found):
                found.append(each)
    return found


def number(text: str) -> float:
    """Return the number that digits or a word stand for."""
    return _NUMBERS[text] if text in _NUMBERS else float(text.replace(",", "."))


def _counts(text: str) -> Iterator[Found]:
    for match in _COUNTED.finditer(text):
        if match["another"]:
            if re.match(r" (?:one|song|track|tune)\b|\s*(?:$|[,.?!])", text[match.end() :]):
                yield Found(match.start(), match.end(), Wish(Kind.COUNT, low=1.0, sign=-1))
            continue
        name = next(name for name in ("n", "only", "more", "first") if match[name])
        if name in ("n", "more") and _NO_COUNT_BEFORE.search(text[: match.start(name)]):
            continue
        wanted = number(match[name])
        if wanted >= 1.0 and wanted == int(wanted) and not (name != "n" and wanted > MOST):
            more = -1 if name == "more" or " more" in match[0] else 1
            # Only the number itself: the words behind it describe what is asked for.
            yield Found(match.start(name), match.end(name), Wish(Kind.COUNT, low=min(MOST, wanted), sign=more))


def _lengths(text: str) -> Iterator[Found]:
    for match in _LONG.finditer(text):
        wish: Wish | None = None
        if match["any"]:
            wish = Wish(Kind.ANY_LENGTH)
        elif match["from"]:
            high = _seconds(match["to"])
            low = _seconds(match["from"], like=match["to"])
            wish = Wish(Kind.SECONDS, low=low, high=high) if low is not None and high is not None else None
        elif match["e"]:
            middle = _seconds(match["e"]) or 0.0
            wish = Wish(Kind.SECONDS, low=middle - ABOUT_SECONDS, high=middle + ABOUT_SECONDS)
        else:
            at_most = bool(match["most"]) or bool(_LESS_THAN.search(match["way"] or match["end"] or ""))
            seconds = _seconds(next(match[name] for name in "abcd" if match[name]))
            if seconds is not None:
                wish = Wish(Kind.SECONDS, high=seconds) if at_most else Wish(Kind.SECONDS, low=seconds)
        if wish is not None:
            yield Found(match.start(), match.end(), wish)


def _seconds(length: str, like: str = "") -> float | None:
    """Return a length in seconds; None for a bare number that is no plausible number of minutes."""
    if ":" in length:
        minutes, seconds = length.split(":")
        return 60.0 * int(minutes) + int(seconds)
    stated = re.match(rf"(?P<n>{NUMBER})(?P<half> and a half)?\s?-?(?P<unit>{_UNIT})?(?P<more> and a half)?", length)
    if stated is None:
        return None
    amount = number(stated["n"]) + (0.5 if stated["half"] or stated["more"] else 0.0)
    unit = stated["unit"] or (re.search(_UNIT, like) or [""])[0]
    if not unit and not 0.0 < amount <= FEW_MINUTES:
        return None
    return amount * (1.0 if unit.startswith("s") else 3600.0 if unit.startswith("h") else 60.0)


def _years(text: str, this_year: int) -> Iterator[Found]:
    for match in _WHEN.finditer(text):
        yield Found(match.start(), match.end(), _when(match, this_year))


def _when(match: re.Match[str], this_year: int) -> Wish:
    return _RULES[next(name for name in _RULES if match[name])](match, this_year)


def _older(match: re.Match[str], _: int) -> Wish:
    first, _last = _span(match["a"])
    return Wish(Kind.YEARS, low=first) if match["no"] else Wish(Kind.YEARS, high=first - 1)


def _newer(match: re.Match[str], _: int) -> Wish:
    _first, last = _span(match["b"])
    return Wish(Kind.YEARS, high=last) if match["no2"] else Wish(Kind.YEARS, low=last + 1)


def _from_to(match: re.Match[str], _: int) -> Wish:
    first, last = _span(match["c"])[0], _span(match["d"])[1]
    return Wish(Kind.NOT_YEARS if match["no5"] else Kind.YEARS, low=min(first, last), high=max(first, last))


def _or_later(match: re.Match[str], _: int) -> Wish:
    first, last = _span(match["h"])
    later = match["way"] in ("later", "newer", "after")
    return Wish(Kind.YEARS, low=first) if later else Wish(Kind.YEARS, high=last)


def _named_years(match: re.Match[str], _: int) -> Wish:
    first, last = _span(match["i"])
    kind = Kind.NOT_YEARS if match["no3"] else Kind.ERA if match["soft"] or match["lean"] else Kind.YEARS
    return Wish(kind, low=first, high=last)


def _year(year: int) -> Wish:
    return Wish(Kind.YEARS, low=year, high=year)


# What each group of _WHEN that decides means.
_RULES: Mapping[str, Callable[[re.Match[str], int], Wish]] = {
    "any": lambda _match, _year_now: Wish(Kind.ANY_YEAR),
    "this": lambda _match, this_year: _year(this_year),
    "last": lambda _match, this_year: _year(this_year - 1),
    "ago": lambda match, this_year: Wish(Kind.YEARS, low=this_year - number(match["ago"])),
    "older": _older,
    "newer": _newer,
    "c": _from_to,
    "e": lambda match, _: Wish(Kind.YEARS, low=_span(match["e"])[0]),
    "since": lambda match, _: Wish(Kind.YEARS, low=_span(match["f"])[0]),
    "till": lambda match, _: Wish(Kind.YEARS, high=_span(match["g"])[1]),
    "h": _or_later,
    "i": _named_years,
}


def _span(time: str) -> tuple[float, float]:
    """Return the first and last year that a year or decade names."""
    part = re.search(r"early|mid|late", time)
    digits = re.search(r"\d+", time)
    if digits is None:
        first = float(next(year for word, year in _DECADE_WORDS.items() if word in time))
    elif len(digits[0]) == 4 and not time.rstrip().endswith("s"):
        return float(digits[0]), float(digits[0])
    elif len(digits[0]) == 4:
        first = float(digits[0])
    else:
        first = float(digits[0]) + (2000.0 if float(digits[0]) <= 20.0 else 1900.0)
    begins, ends = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}.get(part[0] if part else "", (0, 9))
    return first + begins, first + ends
