"""Control characters in text from elsewhere: found, repaired, and made harmless where text is shown.

These are Unicode's category Cc, the C0 and C1 controls and DEL: they move a terminal's cursor, change its title or type
for its user. Knows no message and no terminal.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LAYOUT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NOT_ASCII = re.compile(r"[\x7f-\x9f]")
_STAND_IN = "\N{REPLACEMENT CHARACTER}"


def control_in(text: str, *, prose: bool = False) -> str | None:
    """Return the first control character of a text, or None; in prose, layout is none."""
    found = (_CONTROL_BUT_LAYOUT if prose else _CONTROL).search(text)
    return found.group() if found else None


def in_a_line(text: str) -> str:
    """Return the text with a stand-in for each control character, line breaks too."""
    return _CONTROL.sub(_STAND_IN, text)


def in_lines(text: str) -> str:
    """Return the text with a stand-in for each control character but tabs and line feeds."""
    return _CONTROL_BUT_LINES.sub(_STAND_IN, text)


def in_json(line: str) -> str:
    """Return JSON with DEL and the C1 controls escaped, which it need not do: the same value, harmless to show."""
    return _NOT_ASCII.sub(lambda found: f"\\u{ord(found.group()):04x}", line)


def repaired(name: str) -> str:
    """Return a name of a foreign source without control characters.

    A C1 control in such data is most often a character of Windows-1252 that was read as Latin-1, the apostrophe of
    "Can't" as U+0092: it becomes what was meant, where that is known. Any other control character becomes a space, and
    spaces around the name go.
    """
    return _CONTROL.sub(lambda found: _meant(found.group()), name).strip() if control_in(name) else name


def _meant(control: str) -> str:
    if control < "\x80":
        return " "
    try:
        return control.encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:
        return " "
