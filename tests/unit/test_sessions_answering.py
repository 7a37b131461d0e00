"""How answers are given: in time without the model, acknowledged last, dead-lettered where they cannot be given."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from segue.catalog import Track
from segue.errors import InvalidMessage, RecommenderFailed, Violation
from segue.recommendations import RecommendationCause
from services.sessions.metrics import REQUEST_AGE
from tests.unit.answering import PATIENT, SOON, Bench, asked, heard


async def test_an_answer_goes_where_it_was_asked_for_and_a_recommendation_to_everyone() -> None:
    bench = Bench()
    bench.owe(asked())
    bench.owe(heard())
    bench.owe(asked(1, cause=RecommendationCause.CHAT, turn_id="turn"))
    async with bench.running():
        await bench.outbox.until(4)
    topics = sorted((topic, answer.cause.rsplit("_", 1)[-1]) for topic, answer in bench.outbox.sent)
    assert topics == [
        ("answers", "CHAT"),
        ("answers", "REQUEST"),
        ("recommendations", "CHAT"),
        ("recommendations", "LISTENING"),
    ]
    assert all(answer.tracks[0].track_id == "ranked" for answer in bench.answers)


async def test_a_late_model_costs_each_caller_no_more_than_its_own_deadline() -> None:
    bench = Bench(model_timeout=PATIENT)
    bench.model.answers.clear()
    bench.owe(asked(0, "hasty", within=SOON))
    bench.owe(asked(1, "patient"))
    async with bench.running():
        await bench.outbox.until(1)
        (hasty,) = bench.answers
        assert (hasty.listener_id, hasty.degraded) == ("hasty", True)
        assert hasty.tracks[0].track_id == "popular"
        bench.model.answers.set()
        await bench.outbox.until(2)
    assert (bench.answers[1].listener_id, bench.answers[1].degraded) == ("patient", False)


async def test_a_model_that_is_down_degrades_and_the_last_list_is_given_again() -> None:
    bench = Bench()
    async with bench.running():
        bench.owe(asked(0))
        await bench.outbox.until(1)
        bench.model.down = True
        bench.owe(asked(1))
        await bench.outbox.until(2)
    again = bench.answers[1]
    assert again.degraded
    assert "the server is away" in again.degraded_reason
    assert [track.track_id for track in again.tracks] == ["ranked", "popular"]


async def test_a_track_that_was_removed_is_in_no_list_that_is_given_without_the_model() -> None:
    bench = Bench()
    async with bench.running():
        bench.owe(asked(0))
        await bench.outbox.until(1)
        bench.model.down = True
        bench.fallback.update([], ["ranked"])
        bench.owe(asked(1))
        await bench.outbox.until(2)
        bench.fallback.update([Track("ranked", "Ranked")], ["popular"])
        bench.owe(asked(2))
        await bench.outbox.until(3)
    assert [[track.track_id for track in answer.tracks] for answer in bench.answers[1:]] == [["popular"], ["ranked"]]


async def test_a_query_that_the_model_fails_on_costs_no_other_its_ranking() -> None:
    bench = Bench()
    bench.model.fails["unlucky"] = RecommenderFailed("rank() raised")
    for offset, listener in enumerate(("ada", "unlucky", "bea")):
        bench.owe(asked(offset, listener))
    async with bench.running():
        await bench.acknowledged_all(3)
    assert bench.model.batches == [3, 1, 1, 1]
    reasons = {answer.listener_id: answer.degraded_reason for answer in bench.answers}
    assert reasons == {"ada": "", "unlucky": "the model failed: rank() raised", "bea": ""}


async def test_an_error_that_nobody_foresaw_is_a_dead_letter_with_the_state_written_and_ends_nothing() -> None:
    bench = Bench()
    bench.model.fails["unlucky"] = ValueError("a fault of ours")
    bench.owe(asked(0, "unlucky"))
    async with bench.running():
        await bench.acknowledged_all(1)
        bench.owe(asked(1, "ada"))
        await bench.acknowledged_all(2)
    assert [(record.offset, why) for record, why in bench.outbox.buried] == [(0, "internal")]
    assert bench.writes == [b"unlucky", b"ada"]
    assert [answer.listener_id for answer in bench.answers] == ["ada"]


async def test_the_model_is_not_asked_once_every_deadline_has_passed() -> None:
    bench = Bench()
    bench.owe(asked(within=timedelta(seconds=-1)))
    async with bench.running():
        await bench.outbox.until(1)
    assert bench.answers[0].degraded
    assert bench.model.batches == []


async def test_a_model_that_is_known_to_hang_is_not_waited_for_and_is_asked_again_once_it_answers() -> None:
    bench = Bench(model_timeout=PATIENT)
    bench.model.answers.clear()
    async with bench.running():
        bench.answering.note_model(ready=False)
        for offset in range(20):
            bench.owe(heard(offset, f"listener-{offset}"))
        await bench.outbox.until(20)
        assert all(answer.degraded for answer in bench.answers)
        assert bench.model.batches == []
        bench.answering.note_model(ready=True)
        bench.model.answers.set()
        bench.owe(asked(1))
        await bench.outbox.until(21)
    assert not bench.answers[-1].degraded


def test_a_gateway_whose_clock_is_ahead_shows_in_the_age_of_its_calls() -> None:
    bench = Bench()
    bench.answering.put(asked(event_time=datetime.now(UTC) + timedelta(seconds=5)))
    assert REQUEST_AGE._value.get() == pytest.approx(-5, abs=0.5)


async def test_a_session_is_answered_without_the_model() -> None:
    bench = Bench()
    bench.owe(asked(session_only=True))
    async with bench.running():
        await bench.outbox.until(1)
    assert bench.answers[0].session is not None
    assert bench.model.batches == []


async def test_nothing_is_acknowledged_before_the_state_is_in_the_changelog() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    bench.owe(asked())
    async with bench.running():
        await bench.outbox.until(1)
        await asyncio.sleep(0)
        assert bench.acknowledged == []
        written.set_result(None)
        await bench.acknowledged_all(1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(InvalidMessage(Violation("", "too large")), "invalid"), (ValueError("a fault of ours"), "internal")],
)
async def test_an_answer_that_cannot_be_given_is_a_dead_letter_and_costs_no_other_its_answer(
    error: Exception, reason: str
) -> None:
    bench = Bench()
    bench.outbox.fails = lambda answer: error if answer.listener_id == "unlucky" else None
    bench.owe(asked(0, "unlucky"))
    bench.owe(asked(1, "ada"))
    async with bench.running():
        await bench.acknowledged_all(2)
    assert [(record.place, why) for record, why in bench.outbox.buried] == [(("requests", 0, 0), reason)]
    assert [answer.listener_id for answer in bench.answers] == ["ada"]


async def test_what_was_asked_before_its_partition_was_revoked_changes_gives_and_acknowledges_nothing() -> None:
    bench = Bench()
    bench.model.answers.clear()
    bench.owe(asked(0, cause=RecommendationCause.CHAT, turn_id="turn", event_time=datetime.now(UTC)))
    async with bench.running() as lanes:
        await asyncio.wait_for(bench.model.asked.wait(), 5)
        bench.answering.forget()
        bench.read(asked(0))
        bench.model.answers.set()
        await bench.idle(lanes)
    assert (bench.offered, bench.writes, bench.answers, bench.acknowledged) == ([], [], [], [])


async def test_what_is_given_while_its_partition_is_revoked_acknowledges_nothing() -> None:
    bench = Bench()
    written = bench.written[b"ada"] = asyncio.get_running_loop().create_future()
    bench.owe(asked(0))
    async with bench.running() as lanes:
        await bench.outbox.until(1)
        bench.answering.forget()
        bench.read(asked(0))
        written.set_result(None)
        await bench.idle(lanes)
        assert bench.acknowledged == []
        bench.answering.put(asked(0))
        await bench.acknowledged_all(1)
    ids = {answer.recommendation_id for answer in bench.answers}
    assert ids == {"requests-0-0"}, "what is given twice carries one id"


async def test_a_turns_list_is_kept_to_point_at_and_a_requests_is_not() -> None:
    bench = Bench()
    bench.owe(asked(1, cause=RecommendationCause.CHAT, turn_id="turn", event_time=datetime.now(UTC)))
    bench.owe(asked(2, event_time=datetime.now(UTC)))
    async with bench.running():
        await bench.outbox.until(3)
    assert [(key, offer.track_ids) for key, offer in bench.offered] == [(b"ada", ("ranked",))]
