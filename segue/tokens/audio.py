"""Audio files as named features: tempo, key, loudness, and how the energy lies over frequencies and time.

Reads a folder as a stream, a file in memory at a time; what cannot be read is named and skipped. Needs librosa
(`pip install segue[audio]`). Knows files and numbers; which code they make is `codebook.py`'s.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from segue.errors import DatasetError

Floats = npt.NDArray[np.float32]

SUFFIXES = (".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav")
SAMPLE_RATE = 22_050  # Hz
MOST_SECONDS = 120.0  # of a file, from its beginning
LEAST_SECONDS = 1.0

_BANDS = 8
_MELS = 64
_HOP = 512
_NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# How well each note above the tonic fits a key: Krumhansl and Kessler, 1982.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_QUIET_DB = -80.0


@dataclass(frozen=True, slots=True)
class Sound:
    """What was heard in one file: the key's name, such as `A minor`, and the features by name.

    Tempo in beats per minute, loudness in decibels below full scale (root mean square, and its spread), the key as a
    place on the circle of fifths, `key_major` -1 to 1, energy of eight bands of the mel scale in decibels.
    """

    track_id: str
    key: str
    features: dict[str, float]


@dataclass(frozen=True, slots=True)
class Unheard:
    """A file that gave nothing, and why."""

    path: Path
    reason: str


def listen(folder: Path) -> Iterator[Sound | Unheard]:
    """Yield what every audio file of a folder and those below sounds like; the file's stem is the track's id.

    Files come in the order of their paths; of two with one stem, the second is skipped. Raises DatasetError where the
    folder is none, or librosa is not installed.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder of audio files: there is no such directory")
    librosa = _librosa()
    seen: dict[str, Path] = {}
    for path in sorted(path for path in folder.rglob("*") if path.suffix.casefold() in SUFFIXES and path.is_file()):
        if path.stem in seen:
            yield Unheard(path, f"has the name of {seen[path.stem]}")
            continue
        seen[path.stem] = path
        yield _heard(librosa, path)


def describe(samples: Floats, librosa: Any = None) -> tuple[str, dict[str, float]]:
    """Return the key's name and the features of mono samples, [samples], -1 to 1, at SAMPLE_RATE."""
    librosa = librosa or _librosa()
    spectrum = np.abs(librosa.stft(samples, hop_length=_HOP))
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=spectrum**2, sr=SAMPLE_RATE, n_mels=_MELS), ref=1.0)
    onsets = librosa.onset.onset_strength(y=samples, sr=SAMPLE_RATE, hop_length=_HOP)
    key, place, major = _key(librosa.feature.chroma_stft(S=spectrum**2, sr=SAMPLE_RATE, tuning=0.0).mean(axis=1))
    loudness = np.maximum(_QUIET_DB, 20.0 * np.log10(librosa.feature.rms(S=spectrum)[0] + 1e-9))
    features = {
        "tempo_bpm": float(np.ravel(librosa.feature.tempo(onset_envelope=onsets, sr=SAMPLE_RATE, hop_length=_HOP))[0]),
        "onset_strength": float(onsets.mean()),
        "loudness_db": float(loudness.mean()),
        "dynamic_range_db": float(loudness.std()),
        "brightness_hz": float(librosa.feature.spectral_centroid(S=spectrum, sr=SAMPLE_RATE).mean()),
        "noisiness": float(librosa.feature.spectral_flatness(S=spectrum).mean()),
        "key_fifths_x": cos(2.0 * pi * (place * 7 % 12) / 12.0),
        "key_fifths_y": sin(2.0 * pi * (place * 7 % 12) / 12.0),
        "key_major": major,
    }
    for band, rows in enumerate(np.array_split(mel, _BANDS), start=1):
        features[f"band_{band}_db"] = float(rows.mean())
        features[f"band_{band}_variation_db"] = float(rows.std())
    return key, {name: round(value, 4) for name, value in features.items()}


def _heard(librosa: Any, path: Path) -> Sound | Unheard:
    try:
        samples, _ = librosa.load(path, sr=SAMPLE_RATE, mono=True, duration=MOST_SECONDS)
    except _unreadable() as error:
        return Unheard(path, f"cannot be decoded: {error or type(error).__name__}")
    if len(samples) < LEAST_SECONDS * SAMPLE_RATE:
        return Unheard(path, f"is {len(samples) / SAMPLE_RATE:.2f} seconds long; {LEAST_SECONDS:g} are needed")
    if not np.isfinite(samples).all() or not np.any(samples):
        return Unheard(path, "is silent or not finite")
    key, features = describe(samples, librosa)
    return Sound(path.stem, key, features)


def _key(chroma: Floats) -> tuple[str, int, float]:
    """Return the name of the key that fits the notes' energies, [12], best; its tonic; how much better major fits."""
    fits = {
        (tonic, mode): float(np.corrcoef(chroma, np.roll(profile, tonic))[0, 1])
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic in range(12)
    }
    tonic, mode = max(fits, key=lambda key: (fits[key], key))
    best = {mode: max(fits[tonic, mode] for tonic in range(12)) for mode in ("major", "minor")}
    return f"{_NOTES[tonic]} {mode}", tonic, float(np.clip(best["major"] - best["minor"], -1.0, 1.0))


def _librosa() -> Any:
    try:
        return importlib.import_module("librosa")
    except ImportError as error:
        raise DatasetError("librosa is not installed; pip install 'segue[audio]'") from error


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what librosa's readers raise at a file that they cannot read."""
    readers = (importlib.import_module("soundfile"), importlib.import_module("audioread"))
    return (OSError, EOFError, ValueError, readers[0].SoundFileError, readers[1].DecodeError)
