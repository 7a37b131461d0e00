"""What a person sees of the demo: a live table in a terminal, plain lines without one. Measures nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from segue.printable import in_a_line, in_lines
from segue.recommendations import RecommendationList, RecommendedTrack

ROWS = 12
# Without a terminal: a listener's first list and then every so many in all, so that a log stays readable.
EVERY = 25


class DemoView:
    """Shows lists as they arrive, then the conversation. Close it before printing anything else."""

    def __init__(self, console: Console, titles: Mapping[str, str]) -> None:
        self._console = console
        self._titles = titles
        self._latest: OrderedDict[str, tuple[RecommendationList, float]] = OrderedDict()
        self._arrived = 0
        self._done = ""
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the last state of the table on the screen."""
        if self._live:
            self._live.stop()

    def progress(self, step: int, steps: int) -> None:
        """Show how far the stream has come."""
        self._done = f"{step} of {steps} events sent, {self._arrived} lists received"
        self._refresh()

    def arrived(self, recommended: RecommendationList, milliseconds: float) -> None:
        """Show a list that came out of the log."""
        is_new = recommended.listener_id not in self._latest
        self._arrived += 1
        self._latest[recommended.listener_id] = recommended, milliseconds
        self._latest.move_to_end(recommended.listener_id, last=False)
        if self._live:
            self._refresh()
        elif is_new or self._arrived % EVERY == 0:
            first = recommended.tracks[0] if recommended.tracks else None
            said = f"{self._title(first)} ({reason(first)}) after {milliseconds:.0f} ms"
            line = f"{in_a_line(recommended.listener_id)}: {said}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def asked(self, listener: str, answer: RecommendationList) -> None:
        """Show the answer to a plain request."""
        self._console.print(Text(f"\nRecommend for {in_a_line(listener)}:", style="bold"))
        self._list(answer)

    def said(self, text: str, answer: RecommendationList) -> None:
        """Show one turn of the conversation."""
        self._console.print(Text.assemble(("\nyou: ", "bold cyan"), in_lines(text)), soft_wrap=True)
        self._console.print(
            Text.assemble(("segue: ", "bold green"), in_lines(answer.reply_text) or "…"), soft_wrap=True
        )
        self._list(answer)

    def _list(self, answer: RecommendationList) -> None:
        for track in answer.tracks:
            self._console.print(Text.assemble("  ", self._title(track), (f"  {reason(track)}", "dim")), soft_wrap=True)
        if answer.degraded:
            self._console.print(Text(in_a_line(f"  degraded: {answer.degraded_reason}"), style="yellow"))

    def _refresh(self) -> None:
        if not self._live:
            return
        table = Table("listener", "recommended", "because", "ms", box=None, header_style="bold", expand=True)
        for listener, (recommended, milliseconds) in list(self._latest.items())[:ROWS]:
            first = recommended.tracks[0] if recommended.tracks else None
            table.add_row(
                Text(in_a_line(listener)), Text(self._title(first)), Text(reason(first)), f"{milliseconds:.0f}"
            )
        self._live.update(Group(table, Text(self._done, style="dim")))

    def _title(self, track: RecommendedTrack | None) -> str:
        if track is None:
            return "nothing"
        if track.title:
            return in_a_line(f"{track.title} – {', '.join(track.artists)}")
        return in_a_line(self._titles.get(track.track_id, track.track_id))


def reason(track: RecommendedTrack | None) -> str:
    """Return the first reason in words."""
    return in_a_line(track.reasons[0].text) if track and track.reasons else "no reason given"
