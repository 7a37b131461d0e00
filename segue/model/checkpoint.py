"""A checkpoint: one folder with everything that serving needs, written whole or not at all, and checked when read.

    config.json              shapes, blend weights, the word vocabulary
    decoder.safetensors      the decoder's parameters, half precision
    codebooks.safetensors    centroids and transforms; codebooks.json names, sizes and cohesion of the codes
    text_encoder.safetensors the text encoder's fine-tuned weights as a difference to the package's, where there are any
    text_vectors.safetensors what that encoder makes of every track's own text, where closeness is a part of the score
    index.safetensors        codes, neighbours, shelves and popularity of every track; which artists are close to which
    artists.json             the artists that the index numbers; playlists.json the playlists
    catalog.jsonl            the tracks, without their lyrics, row by row
    popular.jsonl            the popular list (segue/popularity.py)
    metrics.json             what was measured in training; README.md the model card
    manifest.json            SHA-256 of every other file, and the version made from them

Knows files and arrays; needs no torch. `frozen.py` reads what live codes need, and no more.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import orjson
from safetensors.numpy import save as save_arrays

from segue import wire
from segue.catalog import Track
from segue.errors import CheckpointError, SegueError
from segue.model.checkpoint_files import FORMAT, MANIFEST, Arrays, Files, version_of
from segue.model.codebook_files import codebook_arrays, codebook_facts, codebooks_from
from segue.model.decoder_config import DecoderConfig
from segue.model.freshness import Freshness
from segue.model.index import Index
from segue.model.neighbour_lists import NO_NEIGHBOURS, NeighbourList
from segue.model.scoring import BlendWeights
from segue.model.shelf_files import playlist_names, shelf_arrays, shelves_from
from segue.model.text_difference import difference_bytes, difference_from
from segue.model.text_encoder import PackagedEncoder
from segue.model.track_vectors import TrackVectors
from segue.popularity import POPULAR_FILE
from segue.session import to_ms
from segue.tokens.codebooks import Codebooks
from segue.tokens.vocabulary import Vocabulary
from segue.tokens.words import WordVocabulary

_TEXT_ENCODER = "text_encoder.safetensors"
_TEXT_VECTORS = "text_vectors.safetensors"
_PLAYLISTS = "playlists.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder holds. `version` is made from the content: the same content has the same version.

    `text_difference` is what fine-tuning added to the packaged text encoder's parameters, by name; `text_vectors` are
    the tracks' by that encoder, where closeness is a part of the score.
    """

    config: DecoderConfig
    parameters: Arrays
    codebooks: Codebooks
    vocabulary: Vocabulary
    index: Index
    weights: BlendWeights
    metrics: Mapping[str, Any]
    version: str = ""
    text_difference: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    text_vectors: TrackVectors | None = None

    @classmethod
    def load(cls, folder: Path) -> Checkpoint:
        """Read and check a folder. Raises CheckpointError that names the file and what is wrong with it."""
        files = Files.open(folder)
        config = files.json("config.json")
        difference = _text_difference(files)
        codebooks = _codebooks(files, difference)
        try:
            decoder = msgspec.convert(config["decoder"], DecoderConfig)
            return cls(
                config=decoder,
                parameters={name: values.astype(np.float32) for name, values in files.arrays("decoder").items()},
                codebooks=codebooks,
                vocabulary=Vocabulary(WordVocabulary(tuple(config["words"]), config["word_buckets"])),
                index=replace(_index(files, decoder.code_sizes), freshness=_freshness(files, codebooks)),
                weights=msgspec.convert(config["blend"], BlendWeights),
                metrics=files.json("metrics.json"),
                version=files.version,
                text_difference=difference,
                text_vectors=_text_vectors(files),
            )
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise CheckpointError(
                f"{folder}/config.json does not fit the other files: {error!r}; rebuild it"
            ) from error

    def save(self, folder: Path, popular: Sequence[Track], card: str) -> str:
        """Write the folder, replacing a checkpoint that is there, and return the version. Raises CheckpointError."""
        contents = self._contents(popular, card)
        digests = {name: sha256(content).hexdigest() for name, content in sorted(contents.items())}
        version = version_of(digests)
        contents[MANIFEST] = _pretty({"format": FORMAT, "version": version, "files": digests})
        _write(folder, contents)
        return version

    def _contents(self, popular: Sequence[Track], card: str) -> dict[str, bytes]:
        config = {
            "decoder": asdict(self.config),
            "blend": asdict(self.weights),
            "word_buckets": self.vocabulary.words.buckets,
            "words": self.vocabulary.words.listed,
        }
        tuned = {_TEXT_ENCODER: difference_bytes(self.text_difference)} if self.text_difference else {}
        if self.text_vectors is not None:
            tuned[_TEXT_VECTORS] = save_arrays(self.text_vectors.arrays())
        return tuned | {
            "config.json": _pretty(config),
            "decoder.safetensors": save_arrays(_contiguous(self.parameters, np.float16)),
            "codebooks.safetensors": save_arrays(codebook_arrays(self.codebooks)),
            "codebooks.json": _pretty(codebook_facts(self.codebooks)),
            "index.safetensors": save_arrays(
                _index_arrays(self.index) | _artist_arrays(self.index) | shelf_arrays(self.index.shelves.stored)
            ),
            "artists.json": _pretty(_artist_names(self.index)),
            _PLAYLISTS: _pretty(playlist_names(self.index.shelves.stored)),
            "catalog.jsonl": _lines([track for track in self.index.tracks if track is not None]),
            POPULAR_FILE: _lines(popular),
            "metrics.json": _pretty(dict(self.metrics)),
            "README.md": card.encode(),
        }


def load_codebooks(folder: Path) -> Codebooks:
    """Read only what coding a track needs, after checking the whole folder. Raises CheckpointError."""
    files = Files.open(folder)
    return _codebooks(files, _text_difference(files))


def _codebooks(files: Files, difference: Mapping[str, npt.NDArray[Any]]) -> Codebooks:
    try:
        return codebooks_from(files.arrays("codebooks"), files.json("codebooks.json"), PackagedEncoder(difference))
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        raise CheckpointError(f"{files.folder}/codebooks.safetensors lacks {error}; rebuild the checkpoint") from error


def _text_difference(files: Files) -> Arrays:
    return difference_from(files.contents[_TEXT_ENCODER]) if _TEXT_ENCODER in files.contents else {}


def _text_vectors(files: Files) -> TrackVectors | None:
    if _TEXT_VECTORS not in files.contents:
        return None
    try:
        vectors = TrackVectors.from_arrays(files.arrays(_TEXT_VECTORS.removesuffix(".safetensors")))
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{files.folder / _TEXT_VECTORS} holds {error}; rebuild the checkpoint") from error
    if len(vectors) != (tracks := files.content("catalog.jsonl").count(b"\n")):
        raise CheckpointError(f"{files.folder}/catalog.jsonl has {tracks} tracks, {_TEXT_VECTORS} {len(vectors)}")
    return vectors


def _index_arrays(index: Index) -> Arrays:
    lengths = np.array([len(rows) for rows, _ in index.neighbours], np.int32)
    return {
        "codes": index.codes.astype(np.uint16),
        "neighbour_lengths": lengths,
        "neighbour_rows": np.concatenate([rows for rows, _ in index.neighbours]).astype(np.int32),
        "neighbour_weights": np.concatenate([weights for _, weights in index.neighbours]).astype(np.float16),
        "popularity": index.popularity.astype(np.float32),
    }


def _artist_names(index: Index) -> list[str]:
    near = (other for others in index.related_artists.values() for other, _ in others)
    return sorted({*index.related_artists, *near})


def _artist_arrays(index: Index) -> Arrays:
    names = _artist_names(index)
    numbers = {name: number for number, name in enumerate(names)}
    lists = [index.related_artists.get(name, ()) for name in names]
    return {
        "related_lengths": np.array([len(others) for others in lists], np.int32),
        "related_artists": np.array([numbers[other] for others in lists for other, _ in others], np.int32),
        "related_weights": np.array([weight for others in lists for _, weight in others], np.float16),
    }


def _related_artists(names: Sequence[str], arrays: Arrays) -> dict[str, list[tuple[str, float]]]:
    if not names:
        return {}
    ends = np.cumsum(arrays["related_lengths"])[:-1]
    others = np.split(arrays["related_artists"], ends)
    weights = np.split(arrays["related_weights"].astype(np.float32), ends)
    return {
        name: [(names[other], float(weight)) for other, weight in zip(near, closeness, strict=True)]
        for name, near, closeness in zip(names, others, weights, strict=True)
        if len(near)
    }


def _index(files: Files, code_sizes: tuple[int, ...]) -> Index:
    arrays = files.arrays("index")
    try:
        tracks = [wire.decode(line, Track) for line in files.content("catalog.jsonl").splitlines()]
    except SegueError as error:
        raise CheckpointError(f"{files.folder}/catalog.jsonl holds a line that is no track: {error}") from error
    ends = np.cumsum(arrays["neighbour_lengths"])[:-1]
    rows = np.split(arrays["neighbour_rows"].astype(np.int64), ends)
    weights = np.split(arrays["neighbour_weights"].astype(np.float32), ends)
    neighbours: list[NeighbourList] = [
        (near, weight) if len(near) else NO_NEIGHBOURS for near, weight in zip(rows, weights, strict=True)
    ]
    codes = arrays["codes"].astype(np.int64)
    if not len(tracks) == len(codes) == len(neighbours):
        raise CheckpointError(f"{files.folder}/catalog.jsonl has {len(tracks)} tracks, index.safetensors {len(codes)}")
    related = _related_artists(files.json("artists.json"), arrays)
    shelves = shelves_from(files.json(_PLAYLISTS), arrays) if _PLAYLISTS in files.contents else {}
    return Index.of(tracks, codes, code_sizes, neighbours, arrays["popularity"], related, shelves)


def _freshness(files: Files, codebooks: Codebooks) -> Freshness:
    until = files.json("metrics.json").get("trained_until")
    return Freshness.of_checkpoint(codebooks.live.list_days, to_ms(datetime.fromisoformat(until)) if until else 0)


def _contiguous(arrays: Mapping[str, npt.NDArray[Any]], kind: type[np.float16]) -> Arrays:
    return {name: np.ascontiguousarray(values.astype(kind)) for name, values in sorted(arrays.items())}


def _pretty(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY) + b"\n"


def _lines(tracks: Sequence[Track]) -> bytes:
    without_lyrics = (msgspec.structs.replace(track, lyrics="") for track in tracks)
    return b"".join(wire.encode(track) + b"\n" for track in without_lyrics)


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write beside the folder and rename: a reader sees the old checkpoint or the new one, whole."""
    partial = folder.with_name(f".{folder.name}.partial")
    replaced = folder.with_name(f".{folder.name}.replaced")
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise CheckpointError(f"{folder} holds something else than a checkpoint; choose another folder")
    try:
        for leftover in (partial, replaced):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in contents.items():
            (partial / name).write_bytes(content)
        if folder.exists():
            folder.replace(replaced)
        partial.replace(folder)
    except OSError as error:
        raise CheckpointError(f"cannot write the checkpoint {folder}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
