"""Codebooks of a catalogue too large to hold: pairs counted on disk are those of memory, processes change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench import codebooks
from bench.catalogue_at_scale import Catalogue, Scale
from segue.dataset import Dataset, Playlist, PlaylistEntry, write_dataset
from segue.errors import DatasetError
from segue.tokens import counting
from segue.tokens.counting import Lists, Spill, range_file, ranges_of, telling_neighbours
from segue.tokens.histories import playlist_history
from segue.tokens.large import LargeRules, fit_large
from segue.tokens.large_pairs import Fading
from segue.tokens.pmi import positive_pmi
from segue.tokens.shards import shard_lines
from segue.training.cooccurrence import Recency, cooccurrences
from tests.unit import tiny_model

TRACKS = 60
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def _playlists(seed: int = 1) -> list[Playlist]:
    random = np.random.default_rng(seed)
    return [
        Playlist(
            f"p{number}",
            entries=tuple(
                PlaylistEntry(f"t{track}", NOW - timedelta(days=100 - number - place))
                for place, track in enumerate(random.integers(TRACKS, size=random.integers(1, 30)))
            ),
        )
        for number in range(40)
    ]


@pytest.mark.parametrize("fading", [None, Fading(NOW, 30.0)])
def test_pairs_counted_on_disk_have_the_information_of_those_counted_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fading: Fading | None
) -> None:
    monkeypatch.setattr(counting, "TRACKS_IN_RANGE", 25)
    rows = {f"t{track}": track for track in range(TRACKS)}
    histories = [playlist_history(playlist, rows) for playlist in _playlists()]
    recency = Recency(round(NOW.timestamp() * 1_000), None if fading is None else fading.days)
    with Spill(tmp_path, TRACKS) as spill:
        for number, history in enumerate(histories):
            times = [datetime.fromtimestamp(moment.time_ms / 1_000, UTC) for moment in history.moments]
            faded = np.ones(len(times), np.float32) if fading is None else fading.recency(list(times))
            tracks = np.array([moment.row for moment in history.moments], np.int64)
            spill.add(Lists(tracks, np.full(len(tracks), number), faded))
    counts = cooccurrences(histories, TRACKS, recency)
    np.testing.assert_allclose(spill.marginal, np.asarray(counts.sum(1)).ravel(), rtol=1e-3)
    told = [
        telling_neighbours([range_file(tmp_path, number)], first, last, spill.marginal, TRACKS).toarray()
        for number, (first, last) in enumerate(ranges_of(TRACKS))
    ]
    np.testing.assert_allclose(np.concatenate(told), positive_pmi(counts).toarray(), atol=5e-3)


def test_the_most_telling_neighbours_are_kept(tmp_path: Path) -> None:
    rows = {f"t{track}": track for track in range(TRACKS)}
    with Spill(tmp_path, TRACKS) as spill:
        for number, playlist in enumerate(_playlists()):
            tracks = np.array([rows[entry.track_id] for entry in playlist.entries], np.int64)
            spill.add(Lists(tracks, np.full(len(tracks), number), np.ones(len(tracks), np.float32)))
    everything = telling_neighbours([range_file(tmp_path, 0)], 0, TRACKS, spill.marginal, TRACKS).toarray()
    kept = telling_neighbours([range_file(tmp_path, 0)], 0, TRACKS, spill.marginal, 5).toarray()
    assert ((kept > 0).sum(1) <= 5).all()
    np.testing.assert_array_equal(np.sort(kept)[:, -5:], np.sort(everything)[:, -5:])


@pytest.mark.parametrize("parts", [1, 2, 7, 40])
def test_every_line_is_in_one_shard(tmp_path: Path, parts: int) -> None:
    lines = [b"x" * (number % 5 + 1) + b"\n" for number in range(23)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(lines))
    found = [line for part in range(parts) for line in shard_lines(tmp_path / "rows.jsonl", part, parts)]
    assert found == lines


def test_the_number_of_processes_changes_no_code(tmp_path: Path) -> None:
    Catalogue(Scale(0.0005), seed=3).write(tmp_path / "dataset", lambda *_: None)
    found = {}
    for processes in (1, 2):
        work = tmp_path / str(processes)
        work.mkdir()
        rules = LargeRules(processes=processes, sample=600)
        found[processes] = fit_large(Dataset.open(tmp_path / "dataset"), work, rules, lambda _: None)
    books, codes = found[1]
    assert np.array_equal(codes, found[2][1])
    assert books.version == found[2][0].version
    tracks = list(Dataset.open(tmp_path / "dataset").tracks())
    content = books.content_codes(tracks)
    assert np.array_equal(codes[:, 1:], content[:, 1:])
    assert all(fact.name and fact.size for fact in books.books["tags"].facts)


def test_a_small_catalogue_ends_in_figures() -> None:
    figures = codebooks.measure(Scale(0.001), seed=1)
    assert figures["tracks"] == 2_262
    assert min(figures["codes"].values()) > 100
    assert min(figures["balance"].values()) > 0.5
    assert 0.0 <= figures["collision_share"] < 0.1
    assert figures["codebook_minutes"] <= codebooks.TARGETS["codebook_minutes"]
    assert figures["codebook_peak_gb"] <= codebooks.TARGETS["codebook_peak_gb"]


def test_a_track_with_two_rows_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset", [*tiny_model.tracks(), tiny_model.tracks()[0]])
    (tmp_path / "work").mkdir()
    with pytest.raises(DatasetError, match="occur twice"):
        fit_large(Dataset.open(tmp_path / "dataset"), tmp_path / "work", LargeRules(processes=1), lambda _: None)
