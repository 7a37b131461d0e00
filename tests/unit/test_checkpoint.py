"""The checkpoint folder: what is saved is loaded, and what is damaged or foreign is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from segue.errors import CheckpointError
from segue.events import Filters
from segue.model.checkpoint import Checkpoint, load_codebooks
from segue.model.checkpoint_files import MANIFEST
from segue.model.text_encoder import PackagedEncoder
from segue.model.track_vectors import TrackVectors
from segue.popularity import Popularity
from segue.tokens.codebook import Codebook
from segue.tokens.codebooks import Codebooks
from tests.unit import tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_model.checkpoint().save(tmp_path / "made", tiny_model.tracks()[:5], "# A card\n")
    return tmp_path / "made"


def test_what_is_saved_is_loaded(folder: Path) -> None:
    made, read = tiny_model.checkpoint(), Checkpoint.load(folder)
    assert (read.config, read.weights, read.vocabulary) == (made.config, made.weights, made.vocabulary)
    assert np.array_equal(read.index.codes, made.index.codes)
    assert all(np.array_equal(*rows) for rows in zip(_rows(read), _rows(made), strict=True))
    for name, values in made.parameters.items():
        np.testing.assert_allclose(read.parameters[name], values, atol=1e-3)


def test_new_tracks_get_the_same_codes_from_the_loaded_codebooks(folder: Path) -> None:
    read, made = load_codebooks(folder), tiny_model.codebooks()
    assert [read.encode(track) for track in tiny_model.tracks()] == [
        made.encode(track) for track in tiny_model.tracks()
    ]


def test_the_loaded_codebooks_know_their_own_codes(folder: Path) -> None:
    assert load_codebooks(folder).version == Checkpoint.load(folder).codebooks.version == tiny_model.codebooks().version


def test_codes_keep_name_size_and_cohesion(folder: Path) -> None:
    assert all(
        load_codebooks(folder).books[modality].facts == book.facts
        for modality, book in tiny_model.codebooks().books.items()
    )


def test_the_text_encoder_is_the_one_that_the_codes_rest_on(tmp_path: Path) -> None:
    name = "encoder.layer.5.output.dense.bias"
    difference = {name: np.full(384, 0.5, np.float16)}
    tuned = PackagedEncoder(difference)
    book = Codebook("lyrics", tiny_model.codebooks().books["lyrics"].clusters, transform=tuned)
    books = Codebooks({**tiny_model.codebooks().books, "lyrics": book})
    made = replace(tiny_model.checkpoint(), codebooks=books, text_difference=difference)
    made.save(tmp_path / "tuned", (), "")
    read = load_codebooks(tmp_path / "tuned").books["lyrics"].transform
    assert isinstance(read, PackagedEncoder)
    assert read.name == tuned.name
    assert np.array_equal(read.difference[name], difference[name])
    replace(made, text_difference={}).save(tmp_path / "without", (), "")
    with pytest.raises(CheckpointError, match="the text encoder"):
        load_codebooks(tmp_path / "without")


def listening() -> Checkpoint:
    made = tiny_model.checkpoint()
    vectors = TrackVectors.of(np.random.default_rng(1).normal(size=(len(made.index), 8)).astype(np.float32))
    difference = {"encoder.layer.5.output.dense.bias": np.full(384, 0.5, np.float16)}
    weights = replace(made.weights, closeness=0.4)
    return replace(made, weights=weights, text_difference=difference, text_vectors=vectors)


def test_what_was_learned_of_words_is_loaded(tmp_path: Path) -> None:
    made = listening()
    made.save(tmp_path / "made", (), "")
    read = Checkpoint.load(tmp_path / "made")
    assert read.weights.closeness == 0.4
    assert read.text_vectors is not None
    assert made.text_vectors is not None
    for name, values in made.text_vectors.arrays().items():
        assert np.array_equal(values, read.text_vectors.arrays()[name]), name


@pytest.mark.parametrize("name", ["text_encoder.safetensors", "text_vectors.safetensors"])
def test_damage_to_what_was_learned_of_words_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "made"
    listening().save(folder, (), "")
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=name):
        Checkpoint.load(folder)


def test_vectors_of_another_catalogue_are_refused(tmp_path: Path) -> None:
    other = replace(listening(), text_vectors=TrackVectors.of(np.ones((3, 8), np.float32)))
    other.save(tmp_path / "made", (), "")
    with pytest.raises(CheckpointError, match=r"90 tracks, text_vectors\.safetensors 3"):
        Checkpoint.load(tmp_path / "made")


def test_products_with_what_is_kept_are_those_of_the_vectors_less_their_mean() -> None:
    random = np.random.default_rng(1)
    vectors, said = random.normal(size=(50, 8)).astype(np.float32), random.normal(size=8).astype(np.float32)
    kept = TrackVectors.of(vectors)
    products = kept.levels * kept.step @ (kept.axes.T @ said)
    np.testing.assert_allclose(products, (vectors - vectors.mean(axis=0)) @ said, atol=0.15)
    assert TrackVectors.of(vectors, most_axes=3).levels.shape == (50, 3)
    assert not TrackVectors.of(np.zeros((2, 8), np.float32)).levels.any()


def test_the_popular_list_is_read_from_it(folder: Path) -> None:
    assert len(Popularity.load(folder).top(3, Filters())) == 3


def test_the_same_content_has_the_same_version_and_other_content_another(tmp_path: Path) -> None:
    made = tiny_model.checkpoint()
    cards = {"one": "# Card\n", "same": "# Card\n", "other": "# Another\n"}
    versions = {name: made.save(tmp_path / name, tiny_model.tracks()[:5], card) for name, card in cards.items()}
    assert versions["one"] == versions["same"] == Checkpoint.load(tmp_path / "one").version
    assert versions["other"] != versions["one"]


def test_a_new_checkpoint_replaces_the_old_one_and_leaves_nothing_beside(folder: Path) -> None:
    tiny_model.checkpoint().save(folder, tiny_model.tracks()[:7], "# Another card\n")
    assert (folder / "README.md").read_text() == "# Another card\n"
    assert [path.name for path in folder.parent.iterdir()] == ["made"]


def test_lyrics_stay_out(folder: Path) -> None:
    assert b"lyrics" not in (folder / "catalog.jsonl").read_bytes()


@pytest.mark.parametrize(
    "name", ["decoder.safetensors", "codebooks.safetensors", "index.safetensors", "catalog.jsonl", "config.json"]
)
@pytest.mark.parametrize("damage", [b"", b"\0" * 64])
def test_a_damaged_file_is_named(folder: Path, name: str, damage: bytes) -> None:
    (folder / name).write_bytes(damage)
    with pytest.raises(CheckpointError, match=name):
        Checkpoint.load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "index.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"index\.safetensors"):
        Checkpoint.load(folder)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"format": "other"}', b'{"format": "segue-checkpoint-2"}'])
def test_a_foreign_or_broken_manifest_is_refused(folder: Path, manifest: bytes) -> None:
    (folder / MANIFEST).write_bytes(manifest)
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        Checkpoint.load(folder)


def test_a_manifest_that_points_outside_is_refused(folder: Path) -> None:
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    manifest["files"]["../elsewhere"] = "0"
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest))
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        Checkpoint.load(folder)


def test_a_folder_of_other_things_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="something else"):
        tiny_model.checkpoint().save(tmp_path, (), "")
    assert (tmp_path / "precious.txt").read_text() == "mine"


def _rows(checkpoint: Checkpoint) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return [rows for rows, _ in checkpoint.index.neighbours]
