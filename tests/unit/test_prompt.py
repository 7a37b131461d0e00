"""The prompt: bounded, deterministic, newest last, one position for each track."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segue.ranking import Query
from segue.session import Session, SessionEvent, SessionTurn
from segue.tokens.prompt import MAX_POSITIONS, NO_TARGET, Moment, plain, prompt, query_moments, write
from segue.tokens.vocabulary import Control, Vocabulary
from segue.tokens.words import WordVocabulary

VOCABULARY = Vocabulary(WordVocabulary(("calm",), 4))
ROWS = {f"t{number}": number for number in range(200)}
STARTED, FINISHED, SKIPPED, LIKED, DISLIKED = 1, 2, 3, 4, 5
HOUR_MS = 3_600_000

events = st.builds(
    SessionEvent,
    time_ms=st.integers(0, 2**40),
    event_id=st.text(max_size=4),
    track_id=st.sampled_from([*list(ROWS)[:20], "unknown"]),
    action_number=st.integers(-1, 9),
)
turns = st.builds(SessionTurn, time_ms=st.integers(0, 2**40), turn_id=st.text(max_size=4), text=st.text(max_size=400))


def positions(*played: SessionEvent, said: tuple[SessionTurn, ...] = (), **asked: object) -> tuple[int, ...]:
    query = Query(session=Session("l", played, said), **asked)  # type: ignore[arg-type]
    return prompt(query_moments(query, ROWS, VOCABULARY), query.now_ms)


@given(st.lists(events, max_size=64), st.lists(turns, max_size=16), st.text(max_size=2_000), st.integers(0, 2**41))
def test_any_session_fits_and_is_written_the_same_twice(
    played: list[SessionEvent], said: list[SessionTurn], utterance: str, now_ms: int
) -> None:
    written = [positions(*played, said=tuple(said), utterance=utterance, now_ms=now_ms) for _ in range(2)]
    assert written[0] == written[1]
    assert 1 <= len(written[0]) <= MAX_POSITIONS
    assert written[0][0] == plain(Control.START)
    assert all(-len(VOCABULARY) <= position < len(ROWS) for position in written[0])


def test_a_track_takes_one_position_and_what_was_done_follows_it() -> None:
    written = positions(SessionEvent(1, "a", "t5", FINISHED), SessionEvent(2, "b", "t9", SKIPPED))
    assert written == (plain(Control.START), 5, 9, plain(Control.SKIPPED))


def test_started_finished_and_liked_of_one_track_are_one_moment() -> None:
    events = [SessionEvent(time, str(time), "t5", action) for time, action in enumerate((STARTED, FINISHED, LIKED))]
    assert positions(*events) == (plain(Control.START), 5, plain(Control.LIKED))


def test_time_that_passed_comes_before_the_track_and_at_the_end() -> None:
    written = positions(
        SessionEvent(1, "a", "t5", FINISHED), SessionEvent(5 * HOUR_MS, "b", "t9", FINISHED), now_ms=100 * HOUR_MS
    )
    assert written == (plain(Control.START), 5, plain(Control.HOURS), 9, plain(Control.DAYS))


def test_the_newest_moments_stay_when_not_all_fit() -> None:
    written = positions(*(SessionEvent(number, str(number), f"t{number}", FINISHED) for number in range(150)))
    assert written[-1] == 149
    assert len(written) == MAX_POSITIONS - 1 or len(written) == MAX_POSITIONS


def test_the_utterance_to_answer_comes_last_and_once() -> None:
    turn = SessionTurn(1, "turn", "calm")
    later = SessionEvent(2, "b", "t9", FINISHED)
    written = positions(later, said=(turn,), utterance="calm")
    assert written == (plain(Control.START), 9, plain(Control.SAID), plain(VOCABULARY.word("calm")))


def test_tracks_and_actions_that_are_not_known_are_left_out() -> None:
    events = (
        SessionEvent(1, "a", "gone", FINISHED),
        SessionEvent(2, "b", "t1", 77),
        SessionEvent(3, "c", "t2", FINISHED),
    )
    assert positions(*events) == (plain(Control.START), 2)


def test_only_wanted_tracks_are_predicted_where_the_moment_before_ends() -> None:
    moments = [Moment(0, 3), Moment(0, 4, Control.SKIPPED), Moment(0, 5, Control.LIKED)]
    sequence = write(moments)
    assert sequence.positions == (plain(Control.START), 3, 4, plain(Control.SKIPPED), 5, plain(Control.LIKED))
    assert sequence.targets == (3, NO_TARGET, NO_TARGET, 5, NO_TARGET, NO_TARGET)
