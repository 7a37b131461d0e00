"""What the demo makes of the lists that arrive, and of those that do not, without a broker or a gateway."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest
from rich.console import Console

from deploy.local.demo import show
from deploy.local.demo.figures import Figures
from deploy.local.demo.script import Script
from deploy.local.demo.view import DemoView
from segue.dataset import ListeningSession, SessionRow
from segue.errors import StackError
from segue.events import ListeningEvent, PlaylistEvent
from segue.recommendations import RecommendationCause, RecommendationList, RecommendedTrack


class Broker:
    """Takes events and answers all listeners but some."""

    def __init__(self, unanswered: Sequence[str] = ()) -> None:
        self._unanswered = unanswered
        self._sent: list[ListeningEvent] = []

    def send(self, event: ListeningEvent | PlaylistEvent) -> None:
        if isinstance(event, ListeningEvent) and event.listener_id not in self._unanswered:
            self._sent.append(event)

    def record_events(self, events: Sequence[ListeningEvent]) -> None:
        for event in events:
            self.send(event)

    def lists(self, _seconds: float) -> Iterator[RecommendationList]:
        for event in self._sent:
            yield RecommendationList(
                event.event_id,
                event.listener_id,
                cause=RecommendationCause.LISTENING,
                tracks=(RecommendedTrack("t"),),
                event_time=event.event_time,
            )
        self._sent.clear()


def script(*listeners: str) -> Script:
    sessions = [ListeningSession(f"of-{name}", name, (SessionRow("t"), SessionRow("u"))) for name in listeners]
    return Script({}, sessions[1:], sessions[0], [("p", "t")], (), speaker=listeners[0])


def streamed(broker: Broker, *listeners: str, check: Callable[[], None] = lambda: None) -> Figures:
    figures = Figures(0.0)
    view = DemoView(Console(file=io.StringIO()), {})
    show.stream(script(*listeners), cast(Any, broker), cast(Any, broker), view, figures, check)
    return figures


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "PATIENCE_SECONDS", 0.05)


def test_every_listener_has_a_list_that_covers_the_newest_event() -> None:
    figures = streamed(Broker(), "you", "ana", "bob")
    assert figures.waiting() == []
    assert figures.recommendations == 6


@pytest.mark.parametrize("unanswered", ["ana", "you"])
def test_a_listener_who_stays_without_a_list_is_an_error_that_names_them(unanswered: str) -> None:
    with pytest.raises(StackError, match=rf"1 listeners \({unanswered}\) had no recommendation.*logs") as failed:
        streamed(Broker([unanswered]), "you", "ana", "bob")
    assert len(str(failed.value).splitlines()) == 1


def test_of_many_only_some_are_named() -> None:
    names = [f"listener-{number}" for number in range(9)]
    with pytest.raises(StackError, match=r"9 listeners \(listener-0, listener-1, listener-2 and others\)"):
        streamed(Broker(names), "you", *names)


def test_a_part_that_ends_meanwhile_ends_the_demo() -> None:
    def ended() -> None:
        raise StackError("sessions ended after 3.0 s with exit code 1")

    with pytest.raises(StackError, match="sessions ended"):
        streamed(Broker(), "you", "ana", check=ended)
