"""Audio files: tempo, key and loudness of synthesised sound come out right, and bad files are named and skipped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from segue.catalog import Track
from segue.cli import app
from segue.dataset import Dataset, Playlist, write_dataset
from segue.errors import DatasetError
from segue.tokens.audio import SAMPLE_RATE, Floats, Sound, Unheard, describe, listen

A4 = 440.0  # Hz
MAJOR_SCALE, MINOR_SCALE = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def clicks(bpm: float, seconds: float = 12.0) -> Floats:
    """Return a click track."""
    samples = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    click = np.exp(-np.arange(800) / 120.0) * np.sin(np.arange(800) * 0.6)
    for beat in np.arange(0.0, seconds - 0.1, 60.0 / bpm):
        start = int(beat * SAMPLE_RATE)
        samples[start : start + 800] += click.astype(np.float32)
    return samples


def scale(tonic: int, steps: tuple[int, ...]) -> Floats:
    """Return a scale over a held tonic triad; tonic counts in semitones above A."""
    notes = [*steps, 0, steps[2], steps[4], 0, 0]
    return np.concatenate([tone(tonic + step) + 0.5 * tone(tonic) + 0.4 * tone(tonic + steps[2]) for step in notes])


def tone(semitones: int, seconds: float = 0.4) -> Floats:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = A4 * 2.0 ** (semitones / 12.0)
    parts = [np.sin(2 * np.pi * frequency * part * time) / part**2 for part in (1, 2, 3)]
    return np.asarray(0.2 * np.sum(parts, axis=0), np.float32)


@pytest.mark.parametrize("bpm", [90.0, 120.0, 140.0])
def test_the_tempo_of_clicks_is_theirs(bpm: float) -> None:
    _, features = describe(clicks(bpm))
    assert features["tempo_bpm"] == pytest.approx(bpm, rel=0.04)


@pytest.mark.parametrize(
    ("tonic", "steps", "key"),
    [
        (0, MAJOR_SCALE, "A major"),
        (0, MINOR_SCALE, "A minor"),
        (3, MAJOR_SCALE, "C major"),
        (7, MINOR_SCALE, "E minor"),
    ],
)
def test_the_key_of_a_scale_is_its_tonic_and_mode(tonic: int, steps: tuple[int, ...], key: str) -> None:
    found, features = describe(scale(tonic, steps))
    assert found == key
    assert (features["key_major"] > 0) == key.endswith("major")


def test_keys_a_fifth_apart_are_close_and_a_semitone_apart_are_far() -> None:
    places = {}
    for tonic in (3, 10, 4):
        _, features = describe(scale(tonic, MAJOR_SCALE))
        places[tonic] = np.array([features["key_fifths_x"], features["key_fifths_y"]])
    assert np.linalg.norm(places[3] - places[10]) < np.linalg.norm(places[3] - places[4])


def test_ten_times_the_amplitude_is_twenty_decibels_louder_and_high_tones_are_brighter() -> None:
    low = np.tile(tone(0), 5)
    quiet, loud, high = describe(low)[1], describe(10.0 * low)[1], describe(np.tile(tone(24), 5))[1]
    assert loud["loudness_db"] - quiet["loudness_db"] == pytest.approx(20.0, abs=0.1)
    assert high["brightness_hz"] > quiet["brightness_hz"]


def test_a_folder_is_heard_in_order_and_bad_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    soundfile.write(tmp_path / "below" / "one.wav", clicks(120.0), SAMPLE_RATE)
    soundfile.write(tmp_path / "two.flac", np.stack([clicks(90.0, 8.0)] * 2, axis=1), 44_100)
    soundfile.write(tmp_path / "two.wav", clicks(90.0), SAMPLE_RATE)
    soundfile.write(tmp_path / "short.wav", clicks(90.0, 0.5), SAMPLE_RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(3 * SAMPLE_RATE), SAMPLE_RATE)
    (tmp_path / "broken.mp3").write_bytes(b"no sound at all")
    (tmp_path / "notes.txt").write_text("not audio")
    heard = list(listen(tmp_path))
    assert [each.track_id for each in heard if isinstance(each, Sound)] == ["one", "two"]
    reasons = {each.path.name: each.reason for each in heard if isinstance(each, Unheard)}
    assert sorted(reasons) == ["broken.mp3", "short.wav", "silent.wav", "two.wav"]
    assert "decoded" in reasons["broken.mp3"]


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such directory"):
        list(listen(tmp_path / "nowhere"))


def test_the_command_fills_a_dataset_and_counts_what_it_skipped(tmp_path: Path) -> None:
    tracks = (Track("one", "One"), Track("two", "Two", audio_features={"energy": 0.5}))
    write_dataset(tmp_path / "dataset", tracks, [Playlist("p", "Mornings")])
    (tmp_path / "files").mkdir()
    soundfile.write(tmp_path / "files" / "one.wav", clicks(120.0), SAMPLE_RATE)
    (tmp_path / "files" / "two.mp3").write_bytes(b"no sound at all")
    options = ["--out", str(tmp_path / "heard"), "--dataset", str(tmp_path / "dataset")]

    result = CliRunner().invoke(app, ["audio", str(tmp_path / "files"), *options])

    assert json.loads(result.stdout.splitlines()[-1]) == {"heard": 1, "skipped": 1, "tracks": 1}
    assert "two.mp3 cannot be decoded" in result.stderr
    one, two = Dataset.open(tmp_path / "heard").tracks()
    assert one.audio_features["tempo_bpm"] == pytest.approx(120.0, rel=0.04)
    assert two == tracks[1]
    assert [playlist.name for playlist in Dataset.open(tmp_path / "heard").playlists()] == ["Mornings"]


def test_the_command_writes_features_alone_as_json_lines(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    soundfile.write(tmp_path / "files" / "one.wav", scale(0, MINOR_SCALE), SAMPLE_RATE)

    result = CliRunner().invoke(app, ["audio", str(tmp_path / "files"), "--out", str(tmp_path / "features.jsonl")])

    assert result.exit_code == 0
    row = json.loads((tmp_path / "features.jsonl").read_bytes())
    assert (row["track_id"], row["key"]) == ("one", "A minor")
