"""The stack's program: `python -m deploy.local up|down|status|run|demo`. Parses and prints; decides nothing.

Every choice is an environment variable, `SEGUE_LOCAL_*` (see config.py), so that make, tests and people choose alike.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psutil
import typer
from rich.console import Console

from deploy.local import background
from deploy.local.config import load
from deploy.local.jars import kafka_classpath
from deploy.local.parts import cache_folder
from deploy.local.preflight import check_checkpoint
from deploy.local.restarts import Restarts
from deploy.local.stack import LocalStack
from deploy.local.view import PLAIN_WIDTH, Logs, Progress, say, state_table
from deploy.local.warm import warm_up
from segue.errors import SegueError
from segue.printable import in_lines

if TYPE_CHECKING:
    from deploy.local.demo.figures import Figures
    from deploy.local.real.figures import RealFigures

app = typer.Typer(help=__doc__.splitlines()[0], no_args_is_help=True, add_completion=False)
console = Console()
if not console.is_terminal:
    console.width = PLAIN_WIDTH
errors = Console(stderr=True)

WATCH_SECONDS = 0.2
TRAINING_MINUTES = 3.0
INTERRUPTED = 130


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn an expected failure into its sentence and exit code 1, and an interruption into exit code 130."""
    # Both: a shell's background job is started with SIGINT ignored, and Python leaves that as it is.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except (SegueError, OSError) as error:  # a folder that cannot be written, a disk that is full
        errors.print(in_lines(str(error)), style="bold red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as interruption:
        raise typer.Exit(INTERRUPTED) from interruption


@app.command()
def up() -> None:
    """Start the stack and leave it running."""
    with _one_sentence():
        config = load()
        check_checkpoint(config.checkpoint)
        running = background.start(config, Progress(console))
        console.print(state_table(running.parts))
        console.print(f"running; `make down` stops it, logs are in {config.logs}", highlight=False, soft_wrap=True)


@app.command()
def down() -> None:
    """Stop the stack that `up` started, or what a crash left of it."""
    with _one_sentence(), console.status("stopping"):
        done = background.stop(load())
    console.print(done)


@app.command()
def status() -> None:
    """Show what runs and what is ready. Exit code 1 unless everything is."""
    with _one_sentence():
        known = background.state(load())
    if known is None:
        console.print("nothing is running; `make up` starts the stack")
        raise typer.Exit(1)
    console.print(state_table(known.parts))
    console.print(f"{known.phase} {known.error}".rstrip())
    if known.phase != "running" or any(part.state not in ("ready", "done") for part in known.parts.values()):
        raise typer.Exit(1)


@app.command()
def run() -> None:
    """Run the stack in the foreground with every process's output, until Ctrl-C."""
    with _one_sentence():
        config = load()
        check_checkpoint(config.checkpoint)
        with LocalStack(config, report=Progress(console), console=console) as stack:
            logs = Logs(config.logs, stack.processes, console)
            while True:
                logs.print_new()
                stack.check()
                time.sleep(WATCH_SECONDS)


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="A folder of real playlists, instead of the sample.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="With --data: most minutes of training.")] = TRAINING_MINUTES,
) -> None:
    """Start everything, stream the sample, show recommendations, talk, measure, stop."""
    # Imported late: only the demos need the client libraries.
    from deploy.local.demo.show import run_demo  # noqa: PLC0415
    from deploy.local.real.show import run_real  # noqa: PLC0415

    figures: Figures | RealFigures
    started = psutil.Process().create_time()
    with _one_sentence():
        if data is None:
            figures = run_demo(load(), console, started)
        else:
            figures = run_real(load(), data, console, started, minutes)
    print(figures.json())


@app.command(hidden=True)
def fetch() -> None:
    """Fetch and prepare what the stack needs beside the Python packages: Kafka's jars and its quick start."""
    with _one_sentence():
        warm_up(cache_folder(), kafka_classpath(cache_folder(), errors), errors)


@app.command(hidden=True)
def supervise() -> None:
    """Hold the stack that `up` starts, until it is asked to stop. What ends meanwhile is started again."""
    with _one_sentence(), LocalStack(load(), console=errors) as stack:
        restarts = Restarts(stack)
        while True:
            for message in restarts.look():
                say(errors, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {in_lines(message)}")
            time.sleep(WATCH_SECONDS)


if __name__ == "__main__":
    app()
