"""What codebooks see when a modality is left out: tracks without that content, so that its code is absent everywhere.

Everything else in training and serving stays as it is. Knows which fields of a track a modality is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from scipy.sparse import csr_matrix

from segue.catalog import Track

_FIELDS: dict[str, dict[str, Any]] = {
    "tags": {"tags": ()},
    "metadata": {"title": "", "artists": (), "album": "", "release_date": ""},
    "lyrics": {"lyrics": ""},
    "audio": {"audio_features": {}},
}


def without(
    tracks: Sequence[Track], cooccurrence: csr_matrix, modalities: Collection[str]
) -> tuple[Sequence[Track], csr_matrix]:
    """Return tracks and counts of their company as if these modalities had never been there."""
    nothing = {name: value for modality in modalities for name, value in _FIELDS.get(modality, {}).items()}
    bare = [msgspec.structs.replace(track, **nothing) for track in tracks] if nothing else tracks
    return bare, csr_matrix(cooccurrence.shape) if "playlist" in modalities else cooccurrence
