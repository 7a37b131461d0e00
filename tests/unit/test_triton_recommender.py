"""What the model server answers, and what is not an answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from segue import ranking
from segue.errors import RecommenderFailed, RecommenderUnavailable
from segue.ranking import Query, Ranking
from segue.session import Session
from services.runtime.recommender import TritonRecommender

QUERIES = [Query(Session("ada")), Query(Session("bea"))]


def recommender(answer: Any) -> TritonRecommender:
    async def infer(*_: object, **__: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        tensor = None if answer is None else np.array([[value] for value in answer], dtype=np.object_)
        return SimpleNamespace(as_numpy=lambda _name: tensor)

    made = object.__new__(TritonRecommender)
    made._client = SimpleNamespace(infer=infer)
    return made


async def test_each_query_gets_its_ranking_in_order() -> None:
    rankings = [Ranking((), ("one",)), Ranking((), ("two",))]
    found = await recommender([ranking.encode(one) for one in rankings]).rank(QUERIES, timeout=1.0)
    assert found == rankings


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        [ranking.encode(Ranking((), ("one",)))],
        [ranking.encode(Ranking((), ("one",)))] * 3,
        [b"\xc1", b"\xc1"],
        InferenceServerException("rank() raised", "StatusCode.INTERNAL"),
    ],
)
async def test_what_is_no_answer_to_every_query_is_a_failure_of_the_model(answer: Any) -> None:
    with pytest.raises(RecommenderFailed):
        await recommender(answer).rank(QUERIES, timeout=1.0)


@pytest.mark.parametrize("status", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "NOT_FOUND"])
async def test_a_model_server_that_is_away_or_late_is_not_the_queries_fault(status: str) -> None:
    with pytest.raises(RecommenderUnavailable) as caught:
        await recommender(InferenceServerException("away", f"StatusCode.{status}")).rank(QUERIES, timeout=1.0)
    assert not isinstance(caught.value, RecommenderFailed)
