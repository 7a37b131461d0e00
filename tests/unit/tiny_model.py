"""A catalogue of three styles, playlists within each, and an untrained checkpoint of them, made in a second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import torch

from segue.catalog import Track, TrackCodes
from segue.dataset import Playlist, PlaylistEntry
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.decoder_config import DecoderConfig
from segue.model.index import Index
from segue.model.scoring import BlendWeights
from segue.tokens.codebooks import Codebooks
from segue.tokens.fitting import CodebookRules, fit_codebooks
from segue.tokens.histories import playlist_history
from segue.tokens.vocabulary import Vocabulary
from segue.tokens.words import WordVocabulary
from segue.training.cooccurrence import Recency, additions, cooccurrences, neighbour_lists

START = datetime(2025, 1, 1, tzinfo=UTC)
STYLES = {
    "folk": ("banjo", "river meadow harvest", 0.2),
    "techno": ("synth", "machine strobe signal", 0.9),
    "jazz": ("saxophone", "midnight smoke velvet", 0.5),
}
TRACKS_PER_STYLE = 30


@cache
def tracks() -> tuple[Track, ...]:
    """Return the catalogue, style by style; every fifth track is explicit."""
    return tuple(
        Track(
            track_id=f"{style}-{number:02}",
            title=f"{style.title()} Tune {number:02}",
            artists=(f"{style.title()} Band {number % 6}",),
            album=f"{style.title()} Album {number % 10}",
            release_date=f"{1980 + 10 * (number % 4)}",
            explicit=number % 5 == 0,
            tags=(style, instrument, "calm" if energy < 0.6 else "loud"),
            lyrics=f"{words} {words.split()[number % 3]}",
            audio_features={"energy": energy + number / 1000, "tempo_bpm": 80 + 60 * energy},
        )
        for style, (instrument, words, energy) in STYLES.items()
        for number in range(TRACKS_PER_STYLE)
    )


def playlists(count: int, length: int = 12, seed: int = 1) -> list[Playlist]:
    """Return playlists of one style each, in which the next track is one of the four after the last, a day apart."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        style = list(STYLES)[number % len(STYLES)]
        place = int(random.integers(TRACKS_PER_STYLE))
        entries = []
        for day in range(length):
            entries.append(PlaylistEntry(f"{style}-{place:02}", START + timedelta(days=number % 40 + day)))
            place = (place + int(random.integers(1, 5))) % TRACKS_PER_STYLE
        made.append(Playlist(f"playlist-{number:04}", f"{style} for ever", "", tuple(entries)))
    return made


@cache
def checkpoint() -> Checkpoint:
    """Return a checkpoint whose decoder is untrained but whose codebooks, neighbours and blend are real."""
    catalogue = tracks()
    rows = {track.track_id: row for row, track in enumerate(catalogue)}
    histories = [playlist_history(playlist, rows) for playlist in playlists(60)]
    counts = cooccurrences(histories, len(catalogue), Recency(0))
    added = additions(histories, len(catalogue), Recency(0))
    codebooks, codes = fit_codebooks(catalogue, counts, [["for ever"]] * len(catalogue), CodebookRules(dimensions=8))
    vocabulary = Vocabulary(WordVocabulary(("calm", "folk", "loud"), 16))
    config = DecoderConfig(
        len(vocabulary), codebooks.sizes, width=64, layers=1, heads=2, key_value_heads=1, feed_forward=96
    )
    return Checkpoint(
        config=config,
        parameters=_parameters(config),
        codebooks=codebooks,
        vocabulary=vocabulary,
        index=Index.of(catalogue, codes, codebooks.sizes, neighbour_lists(counts, added), np.log1p(added)),
        weights=BlendWeights(popularity=0.3),
        metrics={"parameters": 1, "trained_until": None, "validation": {}},
        version="tiny",
    )


def _parameters(config: DecoderConfig) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    torch.manual_seed(1)
    return {name: values.numpy() for name, values in Decoder(config).state_dict().items()}


def codebooks() -> Codebooks:
    """Return the checkpoint's codebooks."""
    return checkpoint().codebooks


def codes(**numbers: int) -> TrackCodes:
    """Return codes that these codebooks made."""
    return TrackCodes(**numbers, codebook_version=codebooks().version)
