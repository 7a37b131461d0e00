"""The order of the show: start, stream, talk, measure, stop. Every list is shown as it arrives.

Who does what is in `script.py`, how it looks in `view.py`, what goes into and comes out of the log in `log.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import zip_longest

from rich.console import Console

from deploy.local import record
from deploy.local.config import StackConfig
from deploy.local.demo.figures import Figures
from deploy.local.demo.log import Log
from deploy.local.demo.script import Script, read_script
from deploy.local.demo.view import DemoView
from deploy.local.preflight import check_checkpoint
from deploy.local.stack import LocalStack
from deploy.local.view import Progress
from segue.client import Client
from segue.errors import StackError
from segue.events import ListeningEvent, PlaylistEvent
from segue.recommendations import RecommendationList

EVENTS_A_SECOND = 40.0
# How long lists may still arrive after the last event, in seconds.
PATIENCE_SECONDS = 20.0
TURN_SECONDS = 5.0
# Listeners that are named when they stay without a list.
NAMED = 3


def run_demo(given: StackConfig, console: Console, started: float) -> Figures:
    """Run the demo and return its figures; `started` is when the command began, in seconds since the epoch.

    Raises StackError when something cannot start or ends, or a listener stays without a list; RequestFailed when a call
    fails.
    """
    if record.is_held(given.folder):
        raise StackError(f"a stack already runs in {given.folder}; `make down` stops it")
    config = given.model_copy(update={"folder": given.folder / "demo"})
    check_checkpoint(config.checkpoint)
    script = read_script(config.sample)
    figures = Figures(started)
    with ExitStack() as open_:
        with console.status("starting the stack"):
            stack = open_.enter_context(LocalStack(config, report=Progress(console), console=console, fresh=True))
        log = open_.enter_context(Log(config.kafka))
        client = open_.enter_context(Client(config.gateway))
        view = open_.enter_context(DemoView(console, script.titles))
        stream(script, log, client, view, figures, stack.check)
        _talk(script, client, view, figures)
        stack.check()
        view.close()
        console.print(figures.table(config))
        with console.status("stopping the stack"):
            open_.close()
    return figures


def stream(
    script: Script, log: Log, client: Client, view: DemoView, figures: Figures, check: Callable[[], None]
) -> None:
    """Send the script's events, most to the topics and one listener's over gRPC, and show every list that arrives.

    Raises StackError when a listener's newest event is in no list for so long, and what `check` raises of the stack.
    """
    for number, (event, call) in enumerate(_in_turns(script)):
        if event is not None:
            log.send(event)
            figures.sent("kafka", event)
        if call is not None:
            client.record_events([call])
            figures.sent("grpc", call)
        _show(log.lists(1 / EVENTS_A_SECOND), view, figures)
        view.progress(number + 1, script.steps)
        check()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while figures.waiting() and time.monotonic() < deadline:
        _show(log.lists(0.1), view, figures)
        check()
    if waiting := figures.waiting():
        named = ", ".join(waiting[:NAMED]) + (" and others" if len(waiting) > NAMED else "")
        raise StackError(
            f"{len(waiting)} listeners ({named}) had no recommendation {PATIENCE_SECONDS:.0f} s after the last event; "
            "the logs of sessions and triton say why"
        )


def _in_turns(script: Script) -> Iterator[tuple[ListeningEvent | PlaylistEvent | None, ListeningEvent | None]]:
    return zip_longest(script.events(), script.calls())


def _talk(script: Script, client: Client, view: DemoView, figures: Figures) -> None:
    """Ask for recommendations, then hold the conversation; each turn may speak of what was recommended before."""
    started = time.monotonic()
    answer = client.recommend(script.speaker, count=5, timeout=TURN_SECONDS)
    figures.answered("Recommend", answer, time.monotonic() - started)
    view.asked(script.speaker, answer)
    for line in script.conversation:
        text = line.format(title=answer.tracks[0].title if answer.tracks else "that")
        started = time.monotonic()
        answer = client.say(script.speaker, text, count=5, timeout=TURN_SECONDS)
        figures.answered("Converse", answer, time.monotonic() - started)
        view.said(text, answer)


def _show(lists: Iterator[RecommendationList], view: DemoView, figures: Figures) -> None:
    for recommended in lists:
        milliseconds = figures.arrived(recommended)
        view.arrived(recommended, milliseconds)
