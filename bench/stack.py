"""The stack that a benchmark measures: its own folder, free ports, stopped whatever happens. Knows no benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from deploy.local.config import StackConfig
from deploy.local.preflight import check_checkpoint
from deploy.local.record import PartRecord
from deploy.local.stack import LocalStack
from segue.events import Filters
from segue.popularity import POPULAR_TRACKS, Popularity

# Folds and answers without a gateway: what needs the topics alone.
STREAM_PARTS = ("kafka", "triton", "topics", "sessions")
SERVING_PARTS = (*STREAM_PARTS, "gateway")


@contextmanager
def running(parts: tuple[str, ...], console: Console, checkpoint: Path | None = None) -> Iterator[LocalStack]:
    """Start these parts in a temporary folder and stop them at the end. Raises StackError.

    The checkpoint, unless it is given, and the model repository are the machine's own: `SEGUE_LOCAL_CHECKPOINT` and
    `SEGUE_LOCAL_MODEL_REPOSITORY` choose others.
    """
    with TemporaryDirectory(prefix="segue-bench-", ignore_cleanup_errors=True) as folder:
        chosen = {} if checkpoint is None else {"checkpoint": checkpoint}
        config = StackConfig.for_tests(Path(folder), **chosen)
        check_checkpoint(config.checkpoint)
        with console.status("starting the stack") as status:

            def report(name: str, part: PartRecord) -> None:
                status.update(f"{name} is {part.state}")

            stack = LocalStack(config, only=parts, report=report, console=console)
            stack.start()
        try:
            yield stack
        finally:
            with console.status("stopping the stack"):
                stack.stop()


def popular_track_ids(checkpoint: Path) -> list[str]:
    """Return tracks that the checkpoint knows. Raises CheckpointError."""
    return [track.track_id for track in Popularity.load(checkpoint).top(POPULAR_TRACKS, Filters())]
