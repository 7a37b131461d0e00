"""What training and serving see when a modality is left out: tracks without that content, sittings without company.

A modality is gone as evidence of every kind: its codes are absent, its words are in no lexical term, and with the
metadata go the artists, with the playlists all neighbours. Knows which fields of a track a modality is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from segue.catalog import Track

_FIELDS: dict[str, dict[str, Any]] = {
    "tags": {"tags": ()},
    "metadata": {"title": "", "artists": (), "album": "", "release_date": ""},
    "lyrics": {"lyrics": ""},
    "audio": {"audio_features": {}},
}


def bare(tracks: Sequence[Track], without: Collection[str]) -> Sequence[Track]:
    """Return the tracks as if these modalities had never been told."""
    nothing = {name: value for modality in without for name, value in _FIELDS.get(modality, {}).items()}
    return [msgspec.structs.replace(track, **nothing) for track in tracks] if nothing else tracks


def has_company(without: Collection[str]) -> bool:
    """Whether it is known which tracks stand side by side."""
    return "playlist" not in without
