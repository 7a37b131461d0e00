"""`segue chat`, `explain`, `listen`, `recommend`, `track`, `watch`: talk to a running gateway as any client would.

Knows options and the order of a conversation; how lists look is in `show.py`, and the calls are `segue.client`'s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from itertools import chain, repeat
from typing import TYPE_CHECKING, Annotated

import typer

from segue.errors import RequestFailed, StackError
from segue.events import Filters, ListeningAction, ListeningEvent
from segue.printable import in_lines

if TYPE_CHECKING:
    from segue.client import Client
    from segue.recommendations import RecommendationList

app = typer.Typer()

Address = Annotated[str, typer.Option(help="The gateway's gRPC address, host:port.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Listener = Annotated[str, typer.Argument(metavar="LISTENER", help="The listener's id.")]
Count = Annotated[int, typer.Option(min=1, max=100, help="How many tracks.")]

LOCAL = "127.0.0.1:7600"
# Seconds; a model on a busy machine may need its time, and says so by a degraded list when it needs more.
TIMEOUT = 5.0
# Seconds between the attempts to watch again; the last one for as long as it takes.
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class Action(StrEnum):
    """What was done with a track, as one types it."""

    STARTED = "started"
    FINISHED = "finished"
    SKIPPED = "skipped"
    LIKED = "liked"
    DISLIKED = "disliked"


ACTIONS = {
    Action.STARTED: ListeningAction.PLAY_STARTED,
    Action.FINISHED: ListeningAction.PLAY_FINISHED,
    Action.SKIPPED: ListeningAction.PLAY_SKIPPED,
    Action.LIKED: ListeningAction.LIKED,
    Action.DISLIKED: ListeningAction.DISLIKED,
}


@app.command()
def recommend(
    listener: Listener,
    count: Count = 10,
    seed_track: Annotated[list[str] | None, typer.Option(help="A track to start from; repeatable.")] = None,
    exclude_track: Annotated[list[str] | None, typer.Option(help="Leave this track out; repeatable.")] = None,
    exclude_artist: Annotated[list[str] | None, typer.Option(help="Leave this artist out; repeatable.")] = None,
    exclude_explicit: Annotated[bool, typer.Option("--exclude-explicit", help="No explicit tracks.")] = False,
    exclude_heard: Annotated[bool, typer.Option("--exclude-heard", help="No tracks of the session.")] = False,
    max_per_artist: Annotated[int, typer.Option(min=0, help="At most so many of one artist; 0: no limit.")] = 0,
    market: Annotated[str, typer.Option(help="Only tracks that may be played in this country, for example DE.")] = "",
    address: Address = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Recommend tracks to a listener, now."""
    from segue.cli import show

    filters = Filters(
        exclude_track_ids=tuple(exclude_track or ()),
        exclude_artists=tuple(exclude_artist or ()),
        exclude_explicit=exclude_explicit,
        exclude_heard=exclude_heard,
        max_per_artist=max_per_artist,
        market=market,
    )
    with connected(address) as client:
        show.recommendations(
            client.recommend(listener, count=count, filters=filters, seed_track_ids=seed_track or ()), as_json=as_json
        )


@app.command()
def listen(
    listener: Listener,
    tracks: Annotated[list[str], typer.Argument(metavar="TRACK...", help="Track ids, in order.")],
    action: Annotated[Action, typer.Option(help="What the listener did with each.")] = Action.FINISHED,
    address: Address = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Record that a listener played, skipped or liked tracks."""
    from segue.cli import show

    events = [ListeningEvent(listener_id=listener, track_id=track, action=ACTIONS[action]) for track in tracks]
    with connected(address) as client:
        show.written(len(events), client.record_events(events), as_json=as_json)


@app.command()
def explain(
    listener: Listener,
    track: Annotated[str, typer.Argument(metavar="TRACK", help="The track's id.")],
    address: Address = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Explain why a track is where it is for a listener now, and what would change that."""
    from segue.cli import show

    with connected(address) as client:
        show.explanation(client.explain(listener, track), as_json=as_json)


@app.command()
def watch(
    listener: Listener,
    limit: Annotated[int, typer.Option(min=0, help="End after so many lists; 0: go on until Ctrl-C.")] = 0,
    address: Address = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Show every new list of a listener as it is made. A gateway that goes away meanwhile is waited for."""
    from segue.cli import show

    with connected(address) as client, _until_interrupted():
        for number, recommendations in enumerate(_watched(client, listener), start=1):
            show.recommendations(recommendations, as_json=as_json)
            if number == limit:
                break


@app.command()
def track(
    track_id: Annotated[str, typer.Argument(metavar="TRACK", help="The track's id.")],
    address: Address = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Show what the recommender knows of a track: its codes by name, since when, and on what evidence."""
    from segue.cli import show

    with connected(address) as client:
        show.track(client.get_track(track_id), as_json=as_json)


@app.command()
def chat(
    listener: Annotated[str, typer.Argument(metavar="[LISTENER]", help="The listener's id.")] = "me",
    say: Annotated[str, typer.Option(help="Say this one thing, and end.")] = "",
    count: Count = 5,
    address: Address = LOCAL,
    as_json: AsJson = False,
) -> None:
    """Talk about music. An empty line or Ctrl-D ends the conversation."""
    with connected(address) as client, _until_interrupted():
        if say:
            _turn(client, listener, say, count, as_json=as_json)
            return
        while text := _heard():
            try:
                _turn(client, listener, text, count, as_json=as_json)
            except RequestFailed as error:
                # What one line did wrong ends that line, and not the conversation.
                if error.status != "INVALID_ARGUMENT":
                    raise
                typer.echo(in_lines(str(error)), err=True)


def _watched(client: Client, listener: str) -> Generator[RecommendationList]:
    """Yield a listener's lists, across the absences of a gateway that was there at first."""
    lists = client.watch(listener)
    while True:
        try:
            yield from lists
        except RequestFailed as error:
            if error.status != "UNAVAILABLE":
                raise
        lists = _watched_again(client, listener)


def _watched_again(client: Client, listener: str) -> Generator[RecommendationList]:
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        typer.echo(f"the gateway at {client.address} is away; trying again in {pause:.0f} s", err=True)
        time.sleep(pause)
        try:
            lists = client.watch(listener)
        except RequestFailed as error:
            if error.status != "UNAVAILABLE":
                raise
        else:
            typer.echo("watching again; lists made meanwhile are not shown", err=True)
            return lists
    raise AssertionError("there is always another pause")


def _turn(client: Client, listener: str, text: str, count: int, *, as_json: bool) -> None:
    from segue.cli import show

    if as_json:
        show.recommendations(client.say(listener, text, count=count), as_json=True)
        return
    for part in client.converse(listener, text, count=count):
        if isinstance(part, str):
            show.piece(part)
        else:
            show.recommendations(part, as_json=False)
    show.piece("\n")


def _heard() -> str:
    try:
        return input("you: " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


@contextmanager
def connected(address: str) -> Generator[Client]:
    """Give a client; a gateway that is not there becomes one sentence that says what to do."""
    from segue.client import Client

    try:
        with Client(address, timeout=TIMEOUT) as client:
            yield client
    except RequestFailed as error:
        if error.status == "UNAVAILABLE" and not error.request_id:
            raise StackError(f"nothing answers at {address}; start Segue with `make up`, or give --address") from error
        if error.status == "DEADLINE_EXCEEDED" and not error.request_id:
            raise StackError(
                f"no answer from {address} within {TIMEOUT:.0f} s; `segue status` says what is well"
            ) from error
        raise


@contextmanager
def _until_interrupted() -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo()
