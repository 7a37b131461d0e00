"""Codebooks: alike tracks share codes, codes have names, new tracks are coded from content alone."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import Track, TrackCodes
from segue.tokens.codebook import AudioTransform, TextTransform
from segue.tokens.codebooks import Codebooks
from segue.tokens.content import MODALITIES
from segue.tokens.words import WordVocabulary, words
from tests.unit import tiny_model


def test_a_new_track_gets_the_tag_and_audio_codes_of_the_tracks_it_resembles() -> None:
    known = next(track for track in tiny_model.tracks() if track.track_id == "techno-07")
    new = Track(track_id="new", title="Unheard", tags=known.tags, audio_features=known.audio_features)
    codes, expected = tiny_model.codebooks().encode(new), tiny_model.codebooks().encode(known)
    assert (codes.tags, codes.audio) == (expected.tags, expected.audio)


def test_a_modality_without_content_is_absent() -> None:
    codes = tiny_model.codebooks().encode(Track(track_id="bare", title="the"))
    assert codes == tiny_model.codes()


def test_every_code_has_a_name_made_of_what_is_typical_of_its_tracks() -> None:
    books = tiny_model.codebooks()
    for modality in MODALITIES:
        assert all(books.name(modality, code) for code in range(books.books[modality].absent))
    folk = books.encode(tiny_model.tracks()[3])
    assert folk.tags is not None
    assert "banjo" in books.name("tags", folk.tags)


def test_codes_survive_their_message() -> None:
    books = tiny_model.codebooks()
    for row in tiny_model.checkpoint().index.codes:
        assert books.as_row(books.as_message(row)) == tuple(row)


def test_codes_that_no_book_has_count_as_absent() -> None:
    books = tiny_model.codebooks()
    assert books.as_row(TrackCodes(tags=9_999)) == books.sizes
    assert books.as_row(None) == books.sizes


def test_the_version_changes_with_whatever_decides_a_code_and_not_with_names() -> None:
    books = tiny_model.codebooks()
    tags, audio = books.books["tags"], books.books["audio"]
    assert isinstance(tags.transform, TextTransform)
    assert isinstance(audio.transform, AudioTransform)
    renamed = replace(tags, names=tuple(f"new {name}" for name in tags.names))
    assert Codebooks({**books.books, "tags": renamed}).version == books.version
    others = (
        replace(tags, centroids=2 * tags.centroids),
        replace(tags, transform=replace(tags.transform, idf=tags.transform.idf * 2)),
        replace(tags, transform=replace(tags.transform, components=-tags.transform.components)),
        replace(audio, transform=replace(audio.transform, mean=audio.transform.mean + 1)),
        replace(audio, transform=replace(audio.transform, deviation=audio.transform.deviation * 2)),
        replace(audio, transform=replace(audio.transform, names=tuple(reversed(audio.transform.names)))),
    )
    versions = {Codebooks({**books.books, other.modality: other}).version for other in others}
    assert len(versions | {books.version}) == len(others) + 1


def test_codes_say_which_codebooks_made_them() -> None:
    books = tiny_model.codebooks()
    codes = books.encode(tiny_model.tracks()[3])
    assert books.made(codes)
    assert not books.made(msgspec.structs.replace(codes, codebook_version="another"))
    assert not books.made(msgspec.structs.replace(codes, codebook_version=""))


def test_company_alone_gives_the_playlist_code_of_the_company() -> None:
    index, books = tiny_model.checkpoint().index, tiny_model.codebooks()
    column = index.codes[:, MODALITIES.index("playlist")]
    assert books.from_neighbours(column[:1], [1.0]) == column[0]
    assert books.from_neighbours(np.array([books.sizes[0]]), [1.0]) == books.sizes[0]


@given(st.text(max_size=200))
def test_any_text_becomes_words_of_the_vocabulary(text: str) -> None:
    vocabulary = WordVocabulary(("calm", "loud"), buckets=8)
    assert all(0 <= vocabulary.number(word) < len(vocabulary) for word in words(text))


def test_words_are_folded_and_unknown_ones_always_take_the_same_bucket() -> None:
    vocabulary = WordVocabulary.of_texts(["Calm calm LOUD", "loud"], most=1, buckets=8)
    assert vocabulary.listed == ("calm",)
    assert words("Ｃａｌｍ, don’t!") == ["calm", "don't"]
    assert vocabulary.number("unheard") == vocabulary.number("unheard") >= 1
