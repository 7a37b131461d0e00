"""Small histories of playlist edits, as files and as logs."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import orjson

from segue.evaluation.live.edits import EditLog, read_log

START = date(2020, 1, 1)

# (day after START, playlist, action, track)
Row = tuple[int, str, str, str]


def write(path: Path, rows: list[Row], artist_of: dict[str, str] | None = None) -> Path:
    lines = []
    for day, playlist_id, action, track_id in rows:
        row: dict[str, object] = {
            "playlist_id": playlist_id,
            "track_id": track_id,
            "action": action,
            "date": (START + timedelta(days=day)).isoformat(),
        }
        if action == "added":
            artist = (artist_of or {}).get(track_id, "somebody")
            row |= {"title": f"song {track_id}", "artists": [artist], "album": "album", "length": "3:07"}
        lines.append(orjson.dumps(row))
    path.write_bytes(b"\n".join(lines))
    return path


def log_of(folder: Path, rows: list[Row], cut: int) -> tuple[EditLog, int]:
    return read_log(write(folder / "edits.jsonl", rows), cut=START + timedelta(days=cut))
