"""From a dataset to synthetic dialogues: plans drawn, put into words, made rows as `docs/datasets.md` describes them.

Knows plans and writers; trains nothing and prints nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from segue.dataset import Dataset, Dialogue, DialogueTurn, validate_dialogue
from segue.errors import DatasetError
from segue.jsonlines import write_rows
from segue.training.synthesis import lexicon
from segue.training.synthesis.goals import draw_plans
from segue.training.synthesis.plan import Act, Aspect, DialoguePlan, Request
from segue.training.synthesis.replies import replies
from segue.training.synthesis.templates import TemplateWriter
from segue.training.synthesis.writer import Writer, write_all


def synthesise(
    dataset: Dataset,
    count: int,
    seed: int,
    until_ms: int | None = None,
    *,
    writer: Writer | None = None,
    without: Container[str] = (),
) -> Iterator[Dialogue]:
    """Yield `count` dialogues made from the dataset's playlists, from templates unless another writer is given.

    Only tracks and entries from before `until_ms` (Unix milliseconds) are used, and no playlist whose id is in
    `without`, such as one that is held back. The same dataset, arguments and templates give the same dialogues. Raises
    DatasetError where no playlist has three known tracks by then, and what the writer raises.
    """
    plans = draw_plans(dataset, count, seed, until_ms, without)
    for plan, utterances in write_all(plans, TemplateWriter() if writer is None else writer):
        yield to_dialogue(plan, utterances)


def to_dialogue(plan: DialoguePlan, utterances: tuple[str, ...]) -> Dialogue:
    """Return a plan and its words as a row; the goal is every track that was wanted."""
    searches: tuple[str, ...] = ()
    turns: list[DialogueTurn] = []
    for turn, text, reply in zip(plan.turns, utterances, replies(plan), strict=True):
        closes = turn.request.act is Act.CLOSE
        searches = () if closes else _searches(turn.request) or searches
        turns.append(
            DialogueTurn(
                text=text,
                searches=searches,
                liked_track_ids=turn.liked_track_ids,
                disliked_track_ids=turn.disliked_track_ids,
                recommended_track_ids=tuple(track.track_id for track in turn.shown),
                reply=reply,
            )
        )
    goal = tuple(track_id for turn in plan.turns for track_id in turn.liked_track_ids)
    return Dialogue(plan.dialogue_id, goal_track_ids=goal, turns=tuple(turns))


def write_dialogues(out: Path, dialogues: Iterable[Dialogue]) -> int:
    """Write dialogues as JSON lines, compressed where the name ends in .gz, and return their number.

    Nothing stands under the final name before everything is written. Raises DatasetError when it cannot be written.
    """
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            count = write_rows(partial, dialogues, validate_dialogue, compress=out.suffix == ".gz")
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(f"cannot write {out}: {error}") from error
    return count


def _searches(request: Request) -> tuple[str, ...]:
    """Return the queries that a request leads to: its kinds together, each artist alone, what it should be like."""
    artists = tuple(facet.value for facet in request.facets if facet.aspect is Aspect.ARTIST)
    kinds = " ".join(lexicon.plain(facet) for facet in request.facets if facet.aspect is not Aspect.ARTIST)
    shifted = " ".join(lexicon.SHIFTS[shift.value][0] for shift in request.shifts)
    like: tuple[str, ...] = ()
    if request.like is not None:
        named = request.like.artist if request.by_artist else f"{request.like.title} {request.like.artist}".strip()
        like = (f"{named} {shifted}".strip(),)
    return tuple(search for search in (kinds, *artists, *like) if search)
