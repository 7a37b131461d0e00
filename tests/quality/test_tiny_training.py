"""Training from a dataset folder to a checkpoint, in seconds: what comes out has learned which track comes next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from segue.dataset import Dataset, Dialogue, DialogueTurn, write_dataset
from segue.errors import DatasetError
from segue.evaluation.next_track import MODEL, POPULARITY, evaluate
from segue.model.recommender import Recommender
from segue.ranking import Query
from segue.recommendations import RecommendedTrack
from segue.session import Session, SessionEvent
from segue.training import weighing
from segue.training.corpus import TrainingRules
from segue.training.loop import LoopRules
from segue.training.text_tuning import TextTuningRules
from segue.training.train import train
from segue.training.watch import Silence
from tests.unit import tiny_model

CUT = tiny_model.START + timedelta(days=40)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, tiny_model.tracks(), tiny_model.playlists(400))
    return folder


@pytest.fixture(scope="module")
def checkpoint(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "checkpoint"
    rules = TrainingRules(until=CUT, width=64, layers=1, loop=LoopRules(epochs=12, tracks_a_batch=400))
    train(Dataset.open(dataset), out, rules, Silence())
    return out


def test_the_next_track_stands_among_the_first_ten_far_more_often_than_by_popularity(
    dataset: Path, checkpoint: Path
) -> None:
    # Each next track is one of four, of which the best ranking's first ten hold all; by chance, ten of ninety do.
    report = evaluate(dataset, checkpoint, most_positions=300)
    assert report.positions > 100
    assert report.rows[MODEL].hit10 > 0.8
    assert report.rows["decoder alone"].hit10 > 0.5
    assert report.rows[MODEL].hit10 > 2.0 * report.rows[POPULARITY].hit10


def test_a_listener_of_one_style_is_recommended_that_style(checkpoint: Path) -> None:
    played = tuple(SessionEvent(time, str(time), f"jazz-{10 + time:02}", 2) for time in range(4))
    (answer,) = Recommender.load(checkpoint).rank([Query(Session("l", played))])
    assert sum(track.track_id.startswith("jazz") for track in answer.tracks) >= 8


def test_a_dataset_with_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "empty", tiny_model.tracks())
    with pytest.raises(DatasetError, match="to learn from"):
        train(Dataset.open(tmp_path / "empty"), tmp_path / "out", TrainingRules(), Silence())


WORDS = {
    "folk": ("a campfire", "a walk in the country", "an acoustic guitar on the porch", "old ballads", "a barn dance"),
    "techno": (
        "a rave",
        "dancing all night in a club",
        "a warehouse with lasers",
        "electronic beats",
        "a drum machine",
    ),
    "jazz": ("a cocktail bar", "a trumpet late at night", "swing and bebop", "a lounge pianist", "improvising"),
}


def dialogues(count: int) -> Iterator[Dialogue]:
    """Yield dialogues in which somebody says what music is like, in words that no track carries, and takes such."""
    random = Random(1)
    for number in range(count):
        style = random.choice([*WORDS])
        said = f"something for {random.choice(WORDS[style])}"
        liked = tuple(f"{style}-{place:02}" for place in random.sample(range(30), 3))
        yield Dialogue(f"dialogue-{number:03}", turns=(DialogueTurn(said, liked_track_ids=liked),))


def test_what_words_mean_is_served_where_held_back_dialogues_are_better_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "_is_better", lambda *_: True)
    write_dataset(tmp_path / "told", tiny_model.tracks(), dialogues=dialogues(160))
    rules = TrainingRules(width=64, layers=1, loop=LoopRules(epochs=1), tuning=TextTuningRules(epochs=1.0))
    made = train(Dataset.open(tmp_path / "told"), tmp_path / "made", rules, Silence())

    assert made.weights.closeness > 0.0
    assert {"blend_with_closeness", "blend_without_closeness"} < made.metrics["validation"].keys()
    query = Query(Session(""), utterance="music from a discotheque", count=90)
    (answer,) = Recommender.load(tmp_path / "made").rank([query])
    close = {style: [_closeness(track) for track in answer.tracks if style in track.track_id] for style in WORDS}
    assert min(sum(close["techno"]) - sum(close[other]) for other in ("folk", "jazz")) > 0.0


def _closeness(track: RecommendedTrack) -> float:
    return next(part.value for part in track.parts if part.name == "closeness")


def test_what_words_mean_is_left_out_where_they_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing, "_is_better", lambda *_: False)
    write_dataset(tmp_path / "told", tiny_model.tracks(), dialogues=dialogues(60))
    rules = TrainingRules(width=64, layers=1, loop=LoopRules(epochs=1), tuning=TextTuningRules(epochs=0.1))
    made = train(Dataset.open(tmp_path / "told"), tmp_path / "made", rules, Silence())

    assert made.weights.closeness == 0.0
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert not names & {"text_encoder.safetensors", "text_vectors.safetensors"}
