from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import jsonlines, wire
from segue.catalog import Track
from segue.dataset import (
    Dataset,
    Dialogue,
    DialogueTurn,
    ListeningSession,
    Playlist,
    PlaylistEntry,
    SessionRow,
    write_dataset,
)
from segue.errors import DatasetError
from segue.events import ListeningAction

TRACKS = (
    Track(track_id="a", title="Amber", artists=("One", "Two"), audio_features={"tempo_bpm": 120.5}),
    Track(track_id="b", title="Бета ♪", lyrics="la\nla"),
)
PLAYLISTS = (Playlist("p", "Mine", "of old", (PlaylistEntry("a", datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)),)),)
SESSIONS = (ListeningSession("s", "l", (SessionRow("a", ListeningAction.LIKED, None, 12.5),)),)
DIALOGUES = (Dialogue("d", "l", ("a",), (DialogueTurn("hi", ("amber",), ("a",), (), ("a", "b"), "here"),)),)

ids = st.text("abcxyz019-", min_size=1, max_size=8)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
entries = st.builds(PlaylistEntry, track_id=ids, added_at=st.none() | times)
printable = st.text('aZ ä♪😀\n\t"\\\\{}\x00', max_size=20)
playlists = st.builds(Playlist, playlist_id=ids, name=printable, entries=st.lists(entries, max_size=5).map(tuple))


def with_entry(fields: str) -> str:
    return f'{{"playlist_id": "p", "entries": [{{{fields}}}]}}'


@pytest.mark.parametrize("compress", [True, False])
def test_what_was_written_is_read_back(tmp_path: Path, compress: bool) -> None:  # noqa: FBT001
    counts = write_dataset(tmp_path, TRACKS, PLAYLISTS, SESSIONS, DIALOGUES, compress=compress)

    dataset = Dataset.open(tmp_path)

    assert tuple(dataset.tracks()) == TRACKS
    assert tuple(dataset.playlists()) == PLAYLISTS
    assert tuple(dataset.sessions()) == SESSIONS
    assert tuple(dataset.dialogues()) == DIALOGUES
    assert counts == {"catalog": 2, "playlists": 1, "sessions": 1, "dialogues": 1}
    assert {path.suffix for path in tmp_path.iterdir()} == {".gz" if compress else ".jsonl"}


@given(playlist=playlists)
def test_any_playlist_survives_its_row(playlist: Playlist) -> None:
    assert wire.decode(wire.encode(playlist), Playlist) == playlist


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_dataset(tmp_path / name, TRACKS, PLAYLISTS)

    for file in ("catalog.jsonl.gz", "playlists.jsonl.gz"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_files_beside_the_catalogue_are_optional(tmp_path: Path) -> None:
    write_dataset(tmp_path, TRACKS)

    dataset = Dataset.open(tmp_path)

    assert not [*dataset.playlists(), *dataset.sessions(), *dataset.dialogues()]


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "playlists.jsonl").write_text("")

    with pytest.raises(DatasetError, match=r"neither catalog\.jsonl nor catalog\.jsonl\.gz"):
        Dataset.open(tmp_path)
    with pytest.raises(DatasetError, match="no such directory"):
        Dataset.open(tmp_path / "absent")


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, TRACKS)
    (tmp_path / "catalog.jsonl").write_text("")

    with pytest.raises(DatasetError, match=r"both catalog\.jsonl and catalog\.jsonl\.gz"):
        Dataset.open(tmp_path)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{", "not JSON"),
        ('["a"]', "expected a JSON object"),
        ('{"track_id": 7, "title": "x"}', "track_id: Expected `str`"),
        ('{"track_id": "a"}', "title: is required"),
        ('{"track_id": "a", "title": "x", "release_date": "May"}', "release_date: is 'May'"),
    ],
)
def test_a_bad_row_is_named_after_the_good_ones_were_read(tmp_path: Path, row: str, complaint: str) -> None:
    good = '{"track_id": "a", "title": "x", "unknown": 1}'
    (tmp_path / "catalog.jsonl").write_text(f"{good}\n\n{row}\n")
    tracks = Dataset.open(tmp_path).tracks()

    assert next(tracks).track_id == "a"
    with pytest.raises(DatasetError, match=r"catalog\.jsonl, line 3: ") as raised:
        next(tracks)
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("file", "row", "complaint"),
    [
        ("playlists", with_entry('"added_at": "2025-01-01T00:00:00Z"'), "entries[0].track_id: is required"),
        ("playlists", with_entry('"track_id": "a", "added_at": "2025-01-01T00:00:00"'), "entries[0].added_at"),
        (
            "playlists",
            with_entry('"track_id": "a", "added_at": "2025-01-02T00:00:00Z", "removed_at": "2025-01-01T00:00:00Z"'),
            "entries[0].removed_at: lies before added_at",
        ),
        ("sessions", '{"session_id": "s", "listener_id": "l", "events": [{"track_id": "a"}]}', "events[0].action"),
        ("sessions", '{"session_id": "s", "events": []}', "listener_id: is required"),
        ("dialogues", '{"turns": []}', "dialogue_id: is required"),
    ],
)
def test_each_kind_of_row_is_checked(tmp_path: Path, file: str, row: str, complaint: str) -> None:
    write_dataset(tmp_path, TRACKS)
    (tmp_path / f"{file}.jsonl").write_text(row)
    dataset = Dataset.open(tmp_path)

    with pytest.raises(DatasetError, match=f"{file}.jsonl, line 1") as raised:
        list(getattr(dataset, file)())
    assert complaint in str(raised.value)


def test_damaged_compression_is_a_clear_error(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"track_id": "a", "title": "x"}\n' * 1_000)
    for damaged in (whole[:-20], b"no gzip at all"):
        (tmp_path / "catalog.jsonl.gz").write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"catalog\.jsonl\.gz(, after line \d+)?: cannot be read"):
            list(Dataset.open(tmp_path).tracks())


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "MAX_ROW_BYTES", 1_000)
    (tmp_path / "catalog.jsonl").write_bytes(b" " * 10_000)

    with pytest.raises(DatasetError, match="line 1: is longer than 1000 bytes"):
        list(Dataset.open(tmp_path).tracks())


def test_a_failed_write_leaves_the_earlier_dataset_and_nothing_else(tmp_path: Path) -> None:
    write_dataset(tmp_path, TRACKS, PLAYLISTS)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def failing() -> Iterator[Track]:
        yield TRACKS[0]
        raise DatasetError("the source ends here")

    with pytest.raises(DatasetError, match="the source ends here"):
        write_dataset(tmp_path, failing(), [])

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_invalid_row_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"row 2 .*title: is required"):
        write_dataset(tmp_path, [TRACKS[0], Track(track_id="b")])

    assert not list(tmp_path.iterdir())


def test_a_new_dataset_replaces_all_of_an_earlier_one(tmp_path: Path) -> None:
    write_dataset(tmp_path, TRACKS, PLAYLISTS, SESSIONS, compress=False)
    write_dataset(tmp_path, TRACKS[:1], dialogues=DIALOGUES)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["catalog.jsonl.gz", "dialogues.jsonl.gz"]


def test_a_folder_half_published_is_no_dataset_yet(tmp_path: Path) -> None:
    (tmp_path / "playlists.jsonl.gz").mkdir()

    with pytest.raises(DatasetError, match="cannot write the dataset folder"):
        write_dataset(tmp_path, TRACKS, PLAYLISTS)
    with pytest.raises(DatasetError, match="neither"):
        Dataset.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DatasetError, match="cannot write the dataset folder"):
        write_dataset(tmp_path / "file" / "below", TRACKS)
