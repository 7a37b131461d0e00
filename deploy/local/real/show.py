"""The order of the show on real playlists: import, train, start, replay, catch up, walk along, measure, stop.

What is replayed and held back is in `plan.py`, what counts as caught up in `stream.py`, what is measured in
`figures.py`.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from deploy.local import record
from deploy.local.config import StackConfig
from deploy.local.real.figures import RealFigures
from deploy.local.real.plan import Plan, make_plan
from deploy.local.real.popularity import count_additions
from deploy.local.real.prepare import prepare
from deploy.local.real.stream import Stream
from deploy.local.real.view import counting, emptying, show_step
from deploy.local.real.walk import CALL_SECONDS, walk_along
from deploy.local.stack import LocalStack
from deploy.local.view import Progress
from segue.cli.lag import wait_until_none
from segue.client import Client
from segue.errors import StackError
from segue.model.checkpoint import Checkpoint

# What lies before is trained on, what follows is replayed.
CUT = datetime(2021, 2, 1, tzinfo=UTC)
WALKS_SHOWN = 5
TRACKS_A_CALL = 500


def run_real(given: StackConfig, source: Path, console: Console, started: float, minutes: float) -> RealFigures:
    """Run the demo on a folder of real playlists and return its figures.

    `started` is when the command began, in seconds since the epoch; `minutes` bound the training. Raises StackError
    when something cannot start or stalls, DatasetError when the folder cannot be read, RequestFailed when a call fails.
    """
    if record.is_held(given.folder):
        raise StackError(f"a stack already runs in {given.folder}; `make down` stops it")
    work = given.folder / "real"
    made = prepare(source, work, CUT, minutes, console)
    plan = make_plan(made.dataset, CUT)
    if not plan.walks:
        raise StackError(f"no playlist of {source} grew from {CUT:%Y-%m-%d} on; there is nothing to measure")
    figures = RealFigures(started, count_additions(made.dataset, plan, CUT), plan.known)
    config = given.model_copy(update={"folder": work / "stack", "checkpoint": made.checkpoint})
    with ExitStack() as open_:
        with console.status("starting the stack"):
            open_.enter_context(LocalStack(config, report=Progress(console), console=console, fresh=True))
        client = open_.enter_context(Client(config.gateway, timeout=CALL_SECONDS))
        stream = open_.enter_context(Stream(config.kafka))
        _replay(plan, stream, client, console)
        _catch_up(stream, client, Checkpoint.load(made.checkpoint), console)
        titles = {track.track_id: f"{track.title} – {', '.join(track.artists)}" for track in made.dataset.tracks()}
        _walk(plan, client, figures, titles, console)
        console.print(figures.table())
        with console.status("stopping the stack"):
            open_.close()
    return figures


def _replay(plan: Plan, stream: Stream, client: Client, console: Console) -> None:
    """Tell the catalogue what is new in the replay, then the playlists' edits."""
    with counting(console, "new tracks", len(plan.new_tracks)) as told:
        for start in range(0, len(plan.new_tracks), TRACKS_A_CALL):
            client.upsert_tracks(plan.new_tracks[start : start + TRACKS_A_CALL])
            told(min(start + TRACKS_A_CALL, len(plan.new_tracks)))
    with counting(console, "playlist edits", len(plan.edits)) as told:
        stream.replay(plan.edits, told)


def _catch_up(stream: Stream, client: Client, checkpoint: Checkpoint, console: Console) -> None:
    """Wait until track_tokens is done and the recommender answers with all that it has said."""
    with emptying(console, "track_tokens") as told:
        stream.wait_for_track_tokens(told)
    tokens = stream.tokens()
    gone = [track_id for track_id, newest in tokens.items() if newest is None]
    told_of = [newest for newest in tokens.values() if newest is not None]
    expected = checkpoint.index.updated(told_of, checkpoint.codebooks, gone).token_version
    with console.status(f"waiting for the recommender to know {len(tokens)} changed tracks"):
        wait_until_none(
            lambda: int(client.recommend("nobody", count=1).token_version != expected),
            "the recommender",
            lambda _left: None,
        )


def _walk(plan: Plan, client: Client, figures: RealFigures, titles: dict[str, str], console: Console) -> None:
    with counting(console, "held-back positions", plan.positions) as told:
        for number, walk in enumerate(plan.walks):
            steps = list(walk_along(client, walk, number))
            for step in steps:
                figures.add(step)
            # One for each part of the list of playlists, so that what is shown is not all alike.
            if number % max(1, len(plan.walks) // WALKS_SHOWN) == 0:
                show_step(console, steps[0], titles)
            told(figures.positions)
