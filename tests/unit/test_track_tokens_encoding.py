"""The way to the encoder: it waits while the model is down, and gives up only what the model refuses."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from segue.catalog import Track, TrackCodes
from segue.errors import InvalidMessage, MalformedMessage, RecommenderUnavailable, Violation
from services.runtime.health import Readiness
from services.track_tokens import encoding
from services.track_tokens.encoding import ENCODER, Encoding


class FakeEncoder:
    """Down for some calls; refuses some tracks."""

    def __init__(self, *, down: int = 0, refused: frozenset[str] = frozenset()) -> None:
        self._down = down
        self._refused = refused
        self.sizes: list[int] = []

    async def encode(self, tracks: Sequence[Track], timeout: float) -> list[TrackCodes]:
        assert timeout > 0
        self._down -= 1
        if self._down >= 0:
            raise RecommenderUnavailable("down")
        if self._refused & {track.track_id for track in tracks}:
            raise MalformedMessage(Violation("", "refused"))
        self.sizes.append(len(tracks))
        return [TrackCodes(tags=int(track.track_id)) for track in tracks]

    async def ready(self) -> bool:
        return self._down <= 0


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "FIRST_WAIT", 0.0)


def tracks(count: int) -> list[Track]:
    return [Track(track_id=str(number), title="T") for number in range(count)]


async def test_codes_come_in_order_and_in_bounded_batches() -> None:
    encoder = FakeEncoder()
    codes = await Encoding(lambda: encoder, Readiness(ENCODER)).codes(tracks(70))
    assert codes == [TrackCodes(tags=number) for number in range(70)]
    assert max(encoder.sizes) == encoding.AT_ONCE


async def test_it_waits_for_a_model_that_is_down_and_says_so() -> None:
    encoder = FakeEncoder(down=9)
    readiness = Readiness(ENCODER)
    codes = await Encoding(lambda: encoder, readiness).codes(tracks(1))
    assert codes == [TrackCodes(tags=0)]
    assert readiness.missing == {ENCODER: "down"}


async def test_a_refused_track_costs_no_other_its_codes() -> None:
    encoder = FakeEncoder(refused=frozenset({"1"}))
    codes = await Encoding(lambda: encoder, Readiness(ENCODER)).codes(tracks(3))
    assert isinstance(codes[1], InvalidMessage)
    assert codes[::2] == [TrackCodes(tags=0), TrackCodes(tags=2)]


async def test_readiness_follows_the_model() -> None:
    readiness = Readiness(ENCODER)
    await Encoding(FakeEncoder, readiness).watch()
    assert readiness.missing == {}
    await Encoding(lambda: FakeEncoder(down=1), readiness).watch()
    assert ENCODER in readiness.missing
