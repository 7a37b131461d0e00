"""Control characters in what others send: refused at the edge, repaired when imported, harmless when shown."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from deploy.local.demo.view import DemoView
from deploy.local.view import Logs
from segue.catalog import Track, validate_track
from segue.cli import show
from segue.errors import InvalidMessage
from segue.events import ChatTurn, PlaylistAction, PlaylistEvent, validate_chat_turn, validate_playlist_event
from segue.printable import in_a_line, in_json, in_lines, repaired
from segue.recommendations import Reason, RecommendationList, RecommendedTrack

CONTROLS = "".join(chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc")
LAYOUT = "\t\n\r"
ESCAPE = "\x1b]0;owned\x07\x9b31m"
hostile = st.text(st.sampled_from(CONTROLS + "añ–語 ")).filter(lambda text: any(each in CONTROLS for each in text))
harmless = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=100)

TRACK = Track("t", "Title", artists=("One", "Two"), album="Album", tags=("a", "b"), audio_features={"tempo": 1.0})
TURN = ChatTurn("turn", "ana", text="hello", event_time=datetime(2026, 1, 1, tzinfo=UTC))
RENAMED = PlaylistEvent("e", "p", PlaylistAction.RENAMED, event_time=TURN.event_time, name="Mine")


def violated(validate: Callable[..., None], message: object) -> list[str]:
    try:
        validate(message)
    except InvalidMessage as error:
        return [violation.field for violation in error.violations]
    return []


@given(hostile)
def test_a_name_with_a_control_character_is_refused_by_its_field(text: str) -> None:
    name = f"x{text}"[:100]
    if not any(each in CONTROLS for each in name):
        return
    for change, field in (
        ({"title": name}, "title"),
        ({"album": name}, "album"),
        ({"artists": ("One", name)}, "artists[1]"),
        ({"tags": (name, "b")}, "tags[0]"),
    ):
        assert violated(validate_track, msgspec.structs.replace(TRACK, **change)) == [field]
    assert violated(validate_playlist_event, msgspec.structs.replace(RENAMED, name=name)) == ["name"]


@given(harmless)
def test_a_name_without_one_is_accepted_in_any_script(name: str) -> None:
    track = msgspec.structs.replace(TRACK, title=f"x{name}", artists=(name,), tags=(name,), lyrics=name, album=name)
    assert violated(validate_track, track) == []


@given(st.sampled_from(CONTROLS))
def test_prose_may_have_lines_and_tabs_and_no_other_control_character(control: str) -> None:
    prose = f"one{control}two"
    wrong = [] if control in LAYOUT else ["lyrics"]
    assert violated(validate_track, msgspec.structs.replace(TRACK, lyrics=prose)) == wrong
    wrong = [] if control in LAYOUT else ["text"]
    assert violated(validate_chat_turn, msgspec.structs.replace(TURN, text=prose)) == wrong


def test_the_refusal_names_the_character_and_does_not_repeat_it() -> None:
    with pytest.raises(InvalidMessage, match=r"^title: holds the control character U\+001B; leave it out$"):
        validate_track(msgspec.structs.replace(TRACK, title=ESCAPE))
    with pytest.raises(InvalidMessage) as refused:
        validate_track(msgspec.structs.replace(TRACK, audio_features={ESCAPE: 1.0}))
    assert not set(CONTROLS) & set(str(refused.value))


@given(hostile | harmless)
def test_what_is_shown_holds_no_control_character_and_keeps_everything_else(text: str) -> None:
    for shown, kept in ((in_a_line(text), ""), (in_lines(text), "\t\n")):
        assert len(shown) == len(text)
        assert not (set(CONTROLS) - set(kept)) & set(shown)
        assert all(after == before for before, after in zip(text, shown, strict=True) if before not in CONTROLS)


@given(hostile | harmless)
def test_json_stays_the_same_value(text: str) -> None:
    line = in_json(json.dumps({"title": text}, ensure_ascii=False))
    assert json.loads(line) == {"title": text}
    assert not set(CONTROLS) & set(line)


@given(hostile | harmless)
def test_a_repaired_name_can_be_written_to_a_catalogue(text: str) -> None:
    assert violated(validate_track, msgspec.structs.replace(TRACK, title=f"x{repaired(text)}"[:400])) == []
    assert repaired(repaired(text)) == repaired(text)


def test_windows_punctuation_is_repaired_and_other_controls_become_spaces() -> None:
    assert repaired("You Can\x92t Stop Me") == "You Can\N{RIGHT SINGLE QUOTATION MARK}t Stop Me"
    assert repaired("\tTwo\nLines\n") == "Two Lines"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=hostile)
def test_nothing_that_is_recommended_reaches_the_terminal_with_its_control_characters(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = RecommendedTrack(text, f"x{text}", (text,), 0.5, (), (Reason(text),))
    answer = RecommendationList("id", text, tracks=(track,), reply_text=text, degraded=True, degraded_reason=text)
    screen = io.StringIO()
    monkeypatch.setattr(show, "console", Console(file=screen))
    show.recommendations(answer, as_json=False)
    show.piece(answer.reply_text)
    show.health({"gateway": text}, {}, as_json=False)
    view = DemoView(Console(file=screen), {})
    view.arrived(answer, 1.0)
    view.said(text, answer)
    view.asked(text, answer)
    assert not (set(CONTROLS) - set("\t\n")) & set(screen.getvalue())


def test_json_lines_for_programs_are_harmless_to_look_at_too(capsys: pytest.CaptureFixture[str]) -> None:
    show.recommendations(RecommendationList("id", tracks=(RecommendedTrack("t", ESCAPE),)), as_json=True)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["tracks"][0]["title"] == ESCAPE
    assert not set(CONTROLS) & set(line)


def test_a_log_that_is_followed_is_shown_harmlessly(tmp_path: Path) -> None:
    (tmp_path / "kafka.log").write_text(f"before {ESCAPE} after\n")
    screen = io.StringIO()
    Logs(tmp_path, ["kafka"], Console(file=screen)).print_new()
    assert "before" in screen.getvalue()
    assert not (set(CONTROLS) - {"\n"}) & set(screen.getvalue())
