"""How lists and health look on a terminal, and as JSON lines. Knows what they hold, not where they come from.

No text from elsewhere reaches the terminal with its control characters.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from segue import wire
from segue.catalog import Track, TrackDescription
from segue.events import SourceOffset
from segue.printable import in_a_line, in_json, in_lines
from segue.recommendations import Explanation, RecommendationList, RecommendedTrack

# Without a terminal a line is a line: wide enough that nothing of a list is folded.
PLAIN_WIDTH = 240

console = Console()
if not console.is_terminal:
    console.width = PLAIN_WIDTH


def recommendations(answer: RecommendationList, *, as_json: bool) -> None:
    """Print a list: titles, scores, reasons."""
    if as_json:
        _line(wire.encode(answer))
        return
    if answer.degraded:
        console.print(Text(in_a_line(f"degraded: {answer.degraded_reason}"), style="yellow"))
    table = Table(box=None, pad_edge=False)
    for name in ("#", "track", "artists", "id", "score", "why"):
        table.add_column(name, justify="right" if name in ("#", "score") else "left", overflow="fold")
    for rank, track in enumerate(answer.tracks, start=1):
        title, artists = in_a_line(track.title or track.track_id), in_a_line(", ".join(track.artists))
        table.add_row(str(rank), Text(title), Text(artists), Text(in_a_line(track.track_id), style="dim"), *_why(track))
    console.print(table if answer.tracks else Text("no tracks", style="dim"))


def explanation(explained: Explanation, *, as_json: bool) -> None:
    """Print why a track is where it is: its place, its score's parts, its reasons, and what would change it."""
    if as_json:
        _line(wire.encode(explained))
        return
    track = explained.track or RecommendedTrack()
    where = f"at {explained.rank} of {explained.ranked}" if explained.rank else "not to be recommended now"
    console.print(Text(in_a_line(f"{track.title}, {', '.join(track.artists)}: {where}"), style="bold"))
    for reason in track.reasons:
        console.print(Text(in_a_line(f"  {reason.text}")))
    parts = sorted(track.parts, key=lambda part: -abs(part.value))
    told = ", ".join(f"{part.name} {part.value:+.2f}" for part in parts)
    console.print(Text(in_a_line(f"  score {track.score:.2f}: {told}"), style="dim"))
    for each in explained.counterfactuals:
        console.print(Text(in_a_line(each.text)))
    alike = ", ".join(other.title for other in explained.alternatives)
    if alike:
        console.print(Text(in_a_line(f"Most like it: {alike}")))


def written(count: int, positions: Iterable[SourceOffset], *, as_json: bool) -> None:
    """Print how many events were written and how far the log reaches now."""
    places = [{"topic": at.topic, "partition": at.partition, "offset": at.offset} for at in positions]
    if as_json:
        _line(orjson.dumps({"events": count, "written": places}))
    else:
        console.print(f"{count} recorded")


def track(described: TrackDescription, *, as_json: bool) -> None:
    """Print a track: what it is, its codes by name, what its playlist code rests on, what it was, what is near."""
    if as_json:
        _line(wire.encode(described))
        return
    content = described.track or Track()
    title = content.title or "not in the catalogue"
    console.print(Text(in_a_line(f"{title} – {', '.join(content.artists)}" if content.artists else title)))
    table = Table(box=None, pad_edge=False, show_header=False)
    for code in described.codes:
        since = f"since {code.since:%Y-%m-%d %H:%M}" if code.since else ""
        table.add_row(code.modality, str(code.code), Text(in_a_line(code.name)), Text(since, style="dim"))
    console.print(table)
    for line in _history(described):
        console.print(Text(in_a_line(line), style="dim"))
    for near in described.neighbours:
        named = f"{near.title} – {', '.join(near.artists)}" if near.artists else near.title
        console.print(Text(in_a_line(f"{near.weight:9.3f}  {named}  {near.track_id}")))


def piece(text: str) -> None:
    """Print a piece of a reply, as it comes."""
    console.print(Text(in_lines(text)), end="", soft_wrap=True)


def health(parts: Mapping[str, str], seconds: Mapping[str, float], *, as_json: bool) -> None:
    """Print each part with what is wrong with it; nothing wrong is an empty text. `seconds`: for how long it runs."""
    if as_json:
        _line(orjson.dumps({part: wrong or "healthy" for part, wrong in parts.items()}))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for part, wrong in parts.items():
        fine = f"healthy, for {_duration(seconds[part])}" if part in seconds else "healthy"
        table.add_row(Text(part), Text(in_a_line(wrong) or fine, style="red" if wrong else "green"))
    console.print(table)


def _history(described: TrackDescription) -> Iterator[str]:
    """Yield what the playlist code rests on, and what it was before."""
    if (live := described.live) is not None:
        begun = "the checkpoint's code" if live.known else "what its content suggests"
        said = f"{live.evidence:.1f} additions beside {live.neighbours} known tracks, over {begun}"
        yield f"playlists say: {said}; version {described.version}"
    for change in described.changes:
        when = f"{change.event_time:%Y-%m-%d %H:%M}" if change.event_time else ""
        yield f"{when}  {change.before or 'no playlist code'} → {change.after}"


def _duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3_600), int(seconds // 86_400)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds % 60)} s"


def _why(track: RecommendedTrack) -> tuple[str, Text]:
    return f"{track.score:.3f}", Text(in_a_line("; ".join(reason.text for reason in track.reasons)), style="dim")


def _line(value: bytes) -> None:
    sys.stdout.write(f"{in_json(value.decode())}\n")
    sys.stdout.flush()
