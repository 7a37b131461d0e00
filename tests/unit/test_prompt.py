"""The prompt: bounded, deterministic, newest last, one position for each track."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from segue.dataset import ListeningSession, SessionRow
from segue.events import ListeningAction, ListeningEvent
from segue.ranking import Offer, Query
from segue.session import FoldRules, Position, Session, SessionEvent, SessionTurn, apply, to_ms
from segue.tokens.histories import listener_histories
from segue.tokens.prompt import (
    MAX_POSITIONS,
    MILESTONE_REACH,
    NO_TARGET,
    Moment,
    plain,
    prompt,
    query_moments,
    write,
)
from segue.tokens.vocabulary import Control, Vocabulary
from segue.tokens.words import WordVocabulary

VOCABULARY = Vocabulary(WordVocabulary(("calm",), 4))
ROWS = {f"t{number}": number for number in range(200)}
STARTED, FINISHED, SKIPPED, LIKED, DISLIKED = 1, 2, 3, 4, 5
HOUR_MS = 3_600_000
START = datetime(2025, 1, 1, tzinfo=UTC)

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
    assert MAX_POSITIONS - 1 - MILESTONE_REACH <= len(written) <= MAX_POSITIONS


def test_a_full_session_keeps_its_beginning_over_several_events() -> None:
    random = Random(1)
    events = [SessionEvent(number, str(number), f"t{random.randrange(200)}", FINISHED) for number in range(150)]
    written = [positions(*events[number : number + 64]) for number in range(87)]
    grown = [later[: len(earlier)] == earlier for earlier, later in pairwise(written)]
    assert sum(grown) / len(grown) > 0.6


def test_of_earlier_sittings_only_the_newest_taken_tracks_are_told() -> None:
    events = [
        *(SessionEvent(number, f"a{number}", f"t{number}", FINISHED, "monday") for number in range(9)),
        SessionEvent(100, "b1", "t50", SKIPPED, "tuesday"),
        SessionEvent(101, "b2", "t51", LIKED, "tuesday"),
        SessionEvent(200, "c1", "t60", SKIPPED, "friday"),
    ]
    earlier = plain(Control.EARLIER)
    assert positions(*events) == (plain(Control.START), earlier, *range(3, 9), earlier, 51, 60, plain(Control.SKIPPED))


def test_what_was_offered_is_told_when_it_was_offered() -> None:
    offer = Offer(2, ("t7", "gone", "t8"))
    events = [SessionEvent(1, "a", "t5", FINISHED), SessionEvent(3, "b", "t9", FINISHED)]
    assert positions(*events, offered=(offer,)) == (plain(Control.START), 5, plain(Control.OFFERED), 7, 8, 9)


def test_what_was_taken_of_an_offer_is_told_as_that() -> None:
    offer = Offer(2, ("t7", "t8", "t9"))
    events = [SessionEvent(3, "b", "t8", LIKED)]
    offered, liked = plain(Control.OFFERED), plain(Control.LIKED)
    assert positions(*events, offered=(offer,)) == (plain(Control.START), offered, 7, 9, 8, liked)


def test_training_reads_the_sequence_that_serving_reads() -> None:
    rows = [
        SessionRow("t1", ListeningAction.PLAY_FINISHED, START),
        SessionRow("t2", ListeningAction.PLAY_STARTED, START + timedelta(minutes=3)),
        SessionRow("t2", ListeningAction.LIKED, START + timedelta(minutes=4)),
        SessionRow("t3", ListeningAction.PLAY_SKIPPED, START + timedelta(hours=3)),
        SessionRow("t4", ListeningAction.PLAY_FINISHED, START + timedelta(hours=4)),
    ]
    sessions = [ListeningSession("monday", "l", tuple(rows[:3])), ListeningSession("tuesday", "l", tuple(rows[3:]))]
    (history,) = listener_histories(sessions, ROWS)
    trained = write(history.moments).positions

    state = Session("l")
    played = [(session.session_id, row) for session in sessions for row in session.events]
    for offset, (session_id, row) in enumerate(played):
        event = ListeningEvent(f"e{offset}", "l", session_id, row.track_id, row.action, row.event_time)
        state = apply(state, event, Position("listening-events", 0, offset, to_ms(START) + 10**9), FoldRules())
    assert prompt(query_moments(Query(state, now_ms=to_ms(START + timedelta(hours=4))), ROWS, VOCABULARY)) == trained


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
