"""The index as of any day, from a log: what a checkpoint of that day would serve. Knows the checkpoint and the log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from segue.evaluation.live.edits import EditLog
from segue.model.checkpoint import Checkpoint
from segue.model.freshness import DAY_MS, Freshness
from segue.model.index import Index
from segue.tokens.codebook import Integers
from segue.tokens.content import MODALITIES
from segue.tokens.histories import PLAYLIST, History
from segue.tokens.prompt import Moment
from segue.training.cooccurrence import PLAYLISTS_ALONE, Recency
from segue.training.weighing import Sources, evidence


def index_as_of(log: EditLog, day: int, checkpoint: Checkpoint, days: float) -> Index:
    """Return the index of all tracks added before a day, with their evidence of then, fading by 1/e in some days.

    Codes are the checkpoint's; tracks that it does not know are coded from content.
    """
    known = log.before(day)
    tracks = list(known.tracks.values())
    rows = {track_id: row for row, track_id in enumerate(known.tracks)}
    moments: defaultdict[str, list[Moment]] = defaultdict(list)
    for batch in known.batches:
        moments[batch.playlist_id] += [Moment(batch.day * DAY_MS, rows[track_id]) for track_id in batch.added]
    histories = [History(PLAYLIST, name, tuple(each)) for name, each in moments.items() if len(each) > 1]
    sizes = checkpoint.index.code_sizes
    sources = Sources(Recency(day * DAY_MS, days), PLAYLISTS_ALONE)
    index = Index.of(tracks, _codes(checkpoint, known), sizes, *evidence(histories, tracks, sources))
    return replace(index, freshness=Freshness.of_checkpoint(days, day * DAY_MS))


def _codes(checkpoint: Checkpoint, known: EditLog) -> Integers:
    index = checkpoint.index
    codes = np.tile(np.array(index.code_sizes, np.int64), (len(known.tracks), 1))
    at = np.array([index.rows.get(track_id, -1) for track_id in known.tracks], np.int64)
    codes[at >= 0] = index.codes[at[at >= 0]]
    if missing := [track for track, row in zip(known.tracks.values(), at, strict=True) if row < 0]:
        codes[at < 0] = checkpoint.codebooks.content_codes(missing)
    return codes


def playlist_codes(index: Index, log: EditLog, known: int) -> Integers:
    """Return the playlist codes of the log's first tracks as an index has them, [known]; -1 where there is none."""
    column = MODALITIES.index("playlist")
    at = np.array([index.rows.get(track_id, -1) for track_id in list(log.tracks)[:known]], np.int64)
    codes = np.where(at >= 0, index.codes[at, column], index.code_sizes[column])
    return np.where(codes < index.code_sizes[column], codes, -1)
