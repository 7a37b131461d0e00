"""How codes are spread over a catalogue: sizes, balance, and tracks that share every code, told apart by a number.

Knows codebooks and an array of codes; ranks nothing and prints nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.text import Integers


@dataclass(frozen=True, slots=True)
class Spread:
    """One modality: its codes, the largest and mean size, the share of tracks that lack it, and the balance.

    `balance` is the exponential of the sizes' entropy over the number of codes: 1 where all codes have one size.
    """

    codes: int
    largest: int
    mean: float
    absent_share: float
    balance: float


@dataclass(frozen=True, slots=True)
class Census:
    """All modalities, and the shares of tracks that share all codes with another, and that need a number above 0."""

    modalities: Mapping[str, Spread]
    tracks: int
    collision_share: float
    disambiguated_share: float
    largest_collision: int


def census(books: Codebooks, codes: Integers) -> Census:
    """Return how the codes, [tracks, modalities], are spread."""
    numbers = disambiguation(codes)
    tracks = max(1, len(codes))
    return Census(
        modalities={
            modality: _spread(codes[:, column], size)
            for column, (modality, size) in enumerate(zip(MODALITIES, books.sizes, strict=True))
        },
        tracks=len(codes),
        collision_share=round(float(_shared(codes).sum()) / tracks, 6),
        disambiguated_share=round(float((numbers > 0).sum()) / tracks, 6),
        largest_collision=int(numbers.max(initial=0)) + 1,
    )


def disambiguation(codes: Integers) -> Integers:
    """Return a number that tells tracks with the same codes apart, [tracks]: 0, 1, ... in the order of their rows.

    The sixth number of the literal form, as in TIGER (Rajput et al., 2023). Where scores are sums over codes, the row
    itself breaks ties.
    """
    order, first = _grouped(codes)
    places = np.arange(len(codes))
    starts = np.maximum.accumulate(np.where(first, places, 0)) if len(codes) else places
    numbers = np.empty(len(codes), np.int64)
    numbers[order] = places - starts
    return numbers


def _shared(codes: Integers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which tracks share all codes with another, in the order of their codes."""
    _, first = _grouped(codes)
    last = np.append(first[1:], True) if len(first) else first
    return ~(first & last)


def _grouped(codes: Integers) -> tuple[Integers, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return rows ordered by their codes, then by row, and which of them begins a group of equal codes."""
    order = np.lexsort(codes.T[::-1])
    ordered = codes[order]
    first = np.ones(len(codes), bool)
    first[1:] = np.any(ordered[1:] != ordered[:-1], axis=1)
    return order, first


def _spread(column: Integers, size: int) -> Spread:
    sizes = np.bincount(column[column < size], minlength=size)
    present = int(sizes.sum())
    shares = sizes[sizes > 0] / max(1, present)
    return Spread(
        codes=size,
        largest=int(sizes.max(initial=0)),
        mean=round(present / max(1, size), 2),
        absent_share=round(1.0 - present / max(1, len(column)), 6),
        balance=round(float(np.exp(-(shares * np.log(shares)).sum())) / max(1, size), 4) if size else 0.0,
    )
