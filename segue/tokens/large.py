"""Codebooks of a dataset folder that is too large to hold: the rows of its files are streamed, by several processes.

Text and audio codebooks are fitted to a sample of tracks, chosen by a hash of their ids; then every track is coded. The
playlist codebook comes from co-occurrence counted on disk (`counting.py`) and a randomised SVD. Sizes and cohesion are
those of all tracks, names those of the sample. The same folder, rules and seed give the same codebooks, whatever the
number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.sparse import load_npz, save_npz, vstack

from segue.dataset import CATALOG, PLAYLISTS, Dataset
from segue.tokens.codebook import Integers
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.counting import ranges_of
from segue.tokens.fitting import CodebookRules
from segue.tokens.large_books import CONTENT, Coded, Tally, code_shard, fit_company, fit_content, with_tally
from segue.tokens.large_pairs import Fading, count, merge_counts, value_range
from segue.tokens.large_work import Work, merge_surveys, one_thread, survey
from segue.tokens.text import TextEncoder

Phase = Callable[[str], None]

# More than there are processes, so that they end together.
_CODING_PARTS = 16


@dataclass(frozen=True, slots=True)
class LargeRules:
    """How a large catalogue is fitted: codebooks to `sample` tracks; of each track `neighbours` count for its company.

    Of a sample with more than `codebooks.most_encoded` distinct texts, or lines of tags, the pretrained
    encoder reads none.
    """

    codebooks: CodebookRules = field(default_factory=lambda: CodebookRules(dimensions=64, most_encoded=20_000))
    sample: int = 100_000
    neighbours: int = 100
    fading: Fading | None = None
    processes: int = 2


def fit_large(
    dataset: Dataset, work_folder: Path, rules: LargeRules, phase: Phase, encoder: TextEncoder | None = None
) -> tuple[Codebooks, Integers]:
    """Return the codebooks of a dataset folder and the codes of its tracks in file order, [tracks, modalities].

    `work_folder` is an existing, empty folder on a disk with room for 16 bytes for each pair within reach; `phase` is
    told what begins. Raises DatasetError where a file cannot be read, or holds a row that is none.
    """
    files = dataset.files
    work = Work(files[CATALOG], files.get(PLAYLISTS), work_folder, rules.processes, rules.sample)
    with ProcessPoolExecutor(rules.processes, get_context("spawn"), one_thread) as pool:
        phase("surveying the catalogue")
        tracks = merge_surveys(work, [*pool.map(survey, *_shards(work))])
        phase("counting pairs")
        works, *shards = _shards(work)
        merge_counts(work, [*pool.map(count, works, [rules.fading] * len(works), *shards)])
        phase("valuing pairs")
        ranges = range(len(ranges_of(tracks)))
        paths = list(pool.map(value_range, [work] * len(ranges), ranges, [rules.neighbours] * len(ranges)))
        _join_information(work, paths)
        phase("fitting codebooks")
        company = pool.submit(fit_company, work, rules.codebooks)
        fitting = [pool.submit(fit_content, work, name, rules.codebooks, encoder) for name in CONTENT]
        books = {name: task.result() for name, task in zip(CONTENT, fitting, strict=True)}
        phase("coding tracks")
        coding = [pool.submit(code_shard, work, part, _CODING_PARTS, books) for part in range(_CODING_PARTS)]
        content_codes, facts = _joined([task.result() for task in coding])
        playlist, playlist_codes = company.result()
    codebooks = {name: with_tally(books[name], facts[name]) for name in CONTENT}
    columns = {name: content_codes[:, place] for place, name in enumerate(CONTENT)} | {"playlist": playlist_codes}
    codes = np.stack([columns[modality] for modality in MODALITIES], axis=1)
    return Codebooks({**codebooks, "playlist": playlist}), codes


def _shards(work: Work) -> tuple[list[Work], range, list[int]]:
    return [work] * work.processes, range(work.processes), [work.processes] * work.processes


def _join_information(work: Work, paths: Sequence[Path]) -> None:
    save_npz(work.information, vstack([load_npz(path) for path in paths], "csr"), compressed=False)
    for path in paths:
        path.unlink()


def _joined(shards: Sequence[Coded]) -> tuple[Integers, dict[str, Tally]]:
    """Return the codes of all tracks, [tracks, content modalities], and what each book's codes add up to."""
    tallies = {name: shards[0].tallies[name] for name in CONTENT}
    for shard in shards[1:]:
        tallies = {name: tallies[name] + shard.tallies[name] for name in CONTENT}
    return np.concatenate([shard.codes for shard in shards]).astype(np.int64), tallies
