from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segue.dataset import Dataset
from segue.errors import EndpointError
from segue.training.synthesis.dialogues import synthesise
from segue.training.synthesis.endpoint import MOST_FAILURES_IN_A_ROW, Endpoint, EndpointWriter, told
from segue.training.synthesis.goals import draw_plans
from segue.training.synthesis.plan import DialoguePlan
from segue.training.synthesis.templates import TemplateWriter
from tests.unit.fake_endpoint import Answer, Served, completion, good, serving, turns_of
from tests.unit.synthesis_shelves import poor


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return poor(tmp_path)


@pytest.fixture
def plan(dataset: Dataset) -> DialoguePlan:
    return next(draw_plans(dataset, 1, seed=1))


def _writer(served: Served, pauses: list[float] | None = None, **rules: Any) -> EndpointWriter:
    endpoint = Endpoint(served.url, "small", **{"timeout_seconds": 10.0} | rules)
    return EndpointWriter(endpoint, sleep=([] if pauses is None else pauses).append)


def test_an_endpoint_writes_one_utterance_for_each_turn(plan: DialoguePlan) -> None:
    with serving(lambda body, _: good(body)) as served, _writer(served, key="secret") as writer:
        utterances = writer.write(plan)

    assert utterances == tuple(f"utterance {number} to {turn.request.act}" for number, turn in enumerate(plan.turns))
    assert (writer.from_endpoint, writer.fell_back) == (1, 0)
    assert served.bodies[0]["path"] == "/v1/chat/completions"
    assert served.bodies[0]["model"] == "small"
    assert served.headers[0]["Authorization"] == "Bearer secret"


def test_without_a_key_none_is_sent(plan: DialoguePlan) -> None:
    with serving(lambda body, _: good(body)) as served, _writer(served) as writer:
        writer.write(plan)

    assert "Authorization" not in served.headers[0]


def test_the_endpoint_learns_nothing_of_the_answers(dataset: Dataset) -> None:
    for plan in draw_plans(dataset, 100, seed=2):
        for turn in plan.turns:
            feedback = {it.track.title for it in turn.feedback}
            like = {turn.request.like.title} if turn.request.like else set()
            for track in turn.shown:
                if track.title not in feedback | like:
                    assert f'"{track.title}"' not in json.dumps(told(turn))


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_passing_failure_is_tried_again_after_a_longer_pause_each_time(plan: DialoguePlan, status: int) -> None:
    pauses: list[float] = []
    script = lambda body, number: good(body) if number == 2 else Answer(status)  # noqa: E731

    with serving(script) as served, _writer(served, pauses, back_off_seconds=0.5) as writer:
        writer.write(plan)

    assert (writer.from_endpoint, writer.fell_back) == (1, 0)
    assert pauses == [0.5, 1.0]


def test_the_endpoint_says_how_long_to_wait_within_reason(plan: DialoguePlan) -> None:
    pauses: list[float] = []
    waits = ["7", "86400", "soon"]
    script = lambda body, number: good(body) if number == 3 else Answer(429, headers={"Retry-After": waits[number]})  # noqa: E731

    with serving(script) as served, _writer(served, pauses) as writer:
        writer.write(plan)

    assert pauses == [7.0, 30.0, 4.0]
    assert writer.from_endpoint == 1


def _utterances(body: dict[str, Any], change: Callable[[list[Any]], list[Any]]) -> Answer:
    return Answer(body=completion(json.dumps({"utterances": change(["fine"] * len(turns_of(body)))})))


UNUSABLE: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "not JSON at all": lambda _: Answer(body=b"<html>"),
    "no choices": lambda _: Answer(body=b'{"choices": []}'),
    "no content": lambda _: Answer(body=b'{"choices": [{"message": {"content": null}}]}'),
    "prose": lambda _: Answer(body=completion("I would rather not.")),
    "half of the JSON": lambda _: Answer(body=completion('{"utterances": ["one", "tw')),
    "another shape": lambda _: Answer(body=completion('["one", "two"]')),
    "too few": lambda body: _utterances(body, lambda said: said[1:]),
    "too many": lambda body: _utterances(body, lambda said: [*said, "more"]),
    "an empty one": lambda body: _utterances(body, lambda said: ["  ", *said[1:]]),
    "a number": lambda body: _utterances(body, lambda said: [7, *said[1:]]),
    "an endless one": lambda body: _utterances(body, lambda said: ["x" * 501, *said[1:]]),
    "control characters": lambda body: _utterances(body, lambda said: ["a\u0000b", *said[1:]]),
    "an endless answer": lambda _: Answer(body=b" " * 300_000),
    "bytes that are no text": lambda _: Answer(body=b"\xff\xfe{"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_unusable_answer_falls_back_to_the_templates_and_is_counted(plan: DialoguePlan, what: str) -> None:
    with serving(lambda body, _: UNUSABLE[what](body)) as served, _writer(served, attempts=2) as writer:
        utterances = writer.write(plan)

    assert utterances == TemplateWriter().write(plan)
    assert (writer.from_endpoint, writer.fell_back) == (0, 1)
    assert len(served.bodies) == 2


def test_a_slow_endpoint_is_given_up_on(plan: DialoguePlan) -> None:
    never = threading.Event()
    with serving(lambda _body, _number: Answer(hold=never)) as served:
        with _writer(served, attempts=2, timeout_seconds=0.2) as writer:
            utterances = writer.write(plan)
        never.set()

    assert utterances == TemplateWriter().write(plan)
    assert writer.fell_back == 1
    assert len(served.bodies) == 2


def test_an_endpoint_that_drips_is_given_up_on(plan: DialoguePlan) -> None:
    script = lambda _body, _number: Answer(body=b" " * 1000, drip_seconds=0.02)  # noqa: E731
    with serving(script) as served, _writer(served, attempts=1, timeout_seconds=0.3) as writer:
        assert writer.write(plan) == TemplateWriter().write(plan)

    assert writer.fell_back == 1


@pytest.mark.parametrize("url", ["127.0.0.1:8000/v1", "ftp://127.0.0.1/v1", "http://[::1/v1"])
def test_an_address_that_is_none_is_refused_at_once(plan: DialoguePlan, url: str) -> None:
    pauses: list[float] = []
    writer = EndpointWriter(Endpoint(url, "small"), sleep=pauses.append)
    with writer, pytest.raises(EndpointError, match="is no address"):
        writer.write(plan)

    assert not pauses


def test_an_endpoint_that_is_not_there_falls_back(plan: DialoguePlan) -> None:
    with serving(lambda body, _: good(body)) as served:
        pass
    with _writer(served, attempts=2) as writer:
        assert writer.write(plan) == TemplateWriter().write(plan)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_stops_at_once_and_says_what_to_check(plan: DialoguePlan, status: int) -> None:
    script = lambda _body, _number: Answer(status, b"no such model")  # noqa: E731
    expected = pytest.raises(EndpointError, match=rf"status {status}.*no such model.*--key-file")
    with serving(script) as served, _writer(served, key="secret") as writer, expected as raised:
        writer.write(plan)

    assert len(served.bodies) == 1
    assert "secret" not in str(raised.value)


def test_an_endpoint_that_fails_all_the_time_stops_the_run(dataset: Dataset) -> None:
    script = lambda _body, _number: Answer(500)  # noqa: E731
    expected = pytest.raises(EndpointError, match=rf"{MOST_FAILURES_IN_A_ROW} dialogues in a row.*status 500")
    with serving(script) as served, _writer(served, attempts=1, at_once=1) as writer, expected:
        list(synthesise(dataset, 100, 1, writer=writer))

    assert len(served.bodies) == MOST_FAILURES_IN_A_ROW


def test_several_are_asked_for_at_a_time_and_come_in_order(dataset: Dataset) -> None:
    together = threading.Barrier(3)

    def script(body: dict[str, Any], _number: int) -> Answer:
        together.wait(30)  # nobody is answered before three have come
        return good(body)

    with serving(script) as served, _writer(served, at_once=3) as writer:
        dialogues = list(synthesise(dataset, 12, 1, writer=writer))

    assert served.most_at_once == 3
    assert [dialogue.dialogue_id for dialogue in dialogues] == [it.dialogue_id for it in synthesise(dataset, 12, 1)]
    assert all(turn.text.startswith(f"utterance {at} ") for it in dialogues for at, turn in enumerate(it.turns))
    assert writer.from_endpoint == 12


def test_leaving_early_asks_for_no_more(dataset: Dataset) -> None:
    with serving(lambda body, _: good(body)) as served, _writer(served, at_once=2) as writer:
        dialogues = synthesise(dataset, 100_000, 1, writer=writer)
        next(dialogues)
        dialogues.close()  # type: ignore[attr-defined]

    assert len(served.bodies) <= 6
