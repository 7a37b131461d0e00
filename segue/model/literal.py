"""The literal form, for comparison: a track is five positions, its codes one after another, found by beam search.

The same decoder reads one table of tokens: the plain ones, then the codes. A trie lets the search say only tracks that
exist and that the filters allow. It answers the same questions as `Recommender` (`segue.ranking.Ranker`), slower and
only as exact as the beam is wide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from segue.events import DEFAULT_COUNT, MAX_COUNT
from segue.model.attention import Past
from segue.model.checkpoint import Checkpoint
from segue.model.decoder import Decoder
from segue.model.index import Index
from segue.model.precision import fast_type
from segue.model.selection import Selector
from segue.model.trie import Mask, Trie
from segue.ranking import Query, Ranking
from segue.recommendations import Reason, RecommendedTrack, ScorePart
from segue.tokens.codebook import Floats, Integers
from segue.tokens.content import MODALITIES
from segue.tokens.prompt import NO_TARGET, TokenSequence, prompt, query_moments

BEAMS = 50


@dataclass(frozen=True, slots=True)
class Found:
    """Leaves of the trie, best first, and the logarithm of each of their codes' probabilities, [leaves, codes]."""

    leaves: Integers
    code_scores: Floats


# A prompt [positions], the trie, which of its nodes may be said, and the number of beams.
Search = Callable[[Tensor, Trie, tuple[Mask, ...], int], Found]


class LiteralRanker:
    """Ranks by saying codes. `search` finds leaves; by default `BeamSearch` over the checkpoint's own decoder."""

    def __init__(self, checkpoint: Checkpoint, search: Search | None = None, beams: int = BEAMS) -> None:
        self.checkpoint = checkpoint
        self.beams = beams
        self._search = search or BeamSearch(literal_decoder(checkpoint, fast_type()))
        self.swap(checkpoint.index)

    def swap(self, index: Index) -> None:
        """Use another index from the next question on."""
        rows = np.flatnonzero(index.recommendable)
        self._index, self._trie, self._selector = index, Trie.of(index.codes[rows], rows), Selector(index)

    def rank(self, queries: Sequence[Query]) -> list[Ranking]:
        """Return one ranking for each query, in order; see `segue.ranking.Ranker`."""
        return [self._rank(query) for query in queries]

    def _rank(self, query: Query) -> Ranking:
        asked = tokens(
            prompt(query_moments(query, self._index.rows, self.checkpoint.vocabulary), query.now_ms),
            self._index.codes,
            self.checkpoint,
        )
        allowed = self._selector.allowed(np.zeros(len(self._index), np.float32), query).numpy() > -np.inf
        sayable = self._trie.reaching(allowed)
        count, beams = min(query.count or DEFAULT_COUNT, MAX_COUNT), self.beams
        while True:
            found = self._search(torch.from_numpy(asked), self._trie, sayable, beams)
            scores = {
                int(row): values
                for leaf, values in zip(found.leaves.tolist(), found.code_scores, strict=True)
                for row in self._trie.tracks(leaf)
                if allowed[row]
            }
            rows = self._selector.spread(scores, count, query.filters.max_per_artist)
            # A wider beam says more; one as wide as the trie has said everything.
            if len(rows) == count or beams >= self._trie.leaves:
                break
            beams = min(2 * max(beams, count), max(1, self._trie.leaves))
        return Ranking(
            tracks=tuple(self._recommended(row, scores[row]) for row in rows),
            model_version=self.checkpoint.version,
            token_version=self._index.token_version,
        )

    def _recommended(self, row: int, code_scores: Floats) -> RecommendedTrack:
        track, parts = self._index.track(row), dict(zip(MODALITIES, map(float, code_scores), strict=True))
        said = max(parts, key=lambda name: parts[name])
        name = self.checkpoint.codebooks.name(said, int(self._index.codes[row, MODALITIES.index(said)]))
        return RecommendedTrack(
            track_id=track.track_id,
            title=track.title,
            artists=track.artists,
            score=sum(parts.values()),
            parts=tuple(ScorePart(part, value) for part, value in parts.items()),
            reasons=(Reason(text=f"Likely to come next: {name or 'this kind'}", part=said, code_name=name),),
        )


class BeamSearch:
    """Beam search with the project's own decoder: a prompt read once, then a step for each code."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder.eval()
        self._table = literal_table(decoder)
        self._offsets = np.array(decoder.config.code_offsets) + decoder.config.plain_tokens

    @torch.inference_mode()
    def __call__(self, asked: Tensor, trie: Trie, sayable: tuple[Mask, ...], beams: int) -> Found:
        """Return the best leaves that may be said, best first; ties go by beam, then by code."""
        past = self._decoder.past(1, len(asked) + len(trie.codes))
        state = self._read(asked[None], past)
        nodes, scores = np.zeros(1, np.int64), np.zeros((1, 0), np.float32)
        for depth, sayable_here in enumerate(sayable):
            chances = torch.log_softmax(state.float() @ self._table.T.float(), dim=-1).numpy()
            parents, children = _steps(trie, depth, nodes, sayable_here)
            codes = trie.codes[depth][children]
            said = chances[parents, self._offsets[depth] + codes]
            best = np.argsort(-(scores.sum(axis=1)[parents] + said), kind="stable")[:beams]
            nodes, scores = children[best], np.column_stack([scores[parents[best]], said[best]])
            if depth + 1 < len(sayable) and len(best):
                kept = torch.from_numpy(parents[best])
                past.tensor, past.lengths = past.tensor.index_select(2, kept), past.lengths[kept]
                state = self._read(torch.from_numpy(self._offsets[depth] + codes[best])[:, None], past)
        return Found(nodes, scores)

    def _read(self, spoken: Tensor, past: Past) -> Tensor:
        lengths = torch.full((len(spoken),), spoken.shape[1])
        return self._decoder.read(functional.embedding(spoken, self._table), past, lengths).squeeze(1)


def literal_decoder(checkpoint: Checkpoint, kind: torch.dtype = torch.float32) -> Decoder:
    """Return the checkpoint's decoder with room for prompts whose tracks take a position for each code."""
    positions = (checkpoint.config.positions + 1) * len(MODALITIES)
    decoder = Decoder(replace(checkpoint.config, positions=positions))
    decoder.load_state_dict({name: torch.from_numpy(values) for name, values in checkpoint.parameters.items()})
    return decoder.to(dtype=kind).eval()


def literal_table(decoder: Decoder) -> Tensor:
    """Return the embeddings of all tokens, [plain tokens + code rows, width]."""
    return torch.cat([decoder.plain.weight, decoder.codes.weight])


def tokens(positions: Sequence[int], codes: Integers, checkpoint: Checkpoint) -> Integers:
    """Return a prompt with every track spelt out, [tokens]; `codes` [tracks, modalities] are the tracks' codes."""
    offsets = np.array(checkpoint.config.code_offsets, np.int64)
    return spelt(positions, codes + offsets + checkpoint.config.plain_tokens)


def spelt(positions: Sequence[int], track_tokens: Integers) -> Integers:
    """Return positions with every track as its tokens, [tokens]; `track_tokens` is [tracks, modalities]."""
    parts = [track_tokens[each] if each >= 0 else np.array([-each - 1], np.int64) for each in positions]
    return np.concatenate(parts)


def literal_loss(decoder: Decoder, sequences: Sequence[TokenSequence], track_tokens: Integers) -> Tensor:
    """Return the mean cross-entropy of the codes of wanted tracks, each given all tokens before it."""
    asked = [spelt(sequence.positions, track_tokens) for sequence in sequences]
    longest = max(map(len, asked))
    padded = torch.from_numpy(np.stack([np.pad(each, (0, longest - len(each))) for each in asked]))
    wanted = np.stack(
        [np.pad(_wanted(sequence), (0, longest - len(each))) for sequence, each in zip(sequences, asked, strict=True)]
    )
    table = literal_table(decoder)
    hidden = decoder.read(functional.embedding(padded, table))
    counted = torch.from_numpy(wanted[:, 1:])
    logits = hidden[:, :-1][counted] @ table.T.to(hidden.dtype)
    return functional.cross_entropy(logits.float(), padded[:, 1:][counted])


def _wanted(sequence: TokenSequence) -> Mask:
    """Return which tokens are codes of tracks that were to be predicted, [tokens]."""
    targets = (NO_TARGET, *sequence.targets[:-1])
    counts = [len(MODALITIES) if each >= 0 else 1 for each in sequence.positions]
    return np.repeat(
        [each >= 0 and each == target for each, target in zip(sequence.positions, targets, strict=True)], counts
    )


def _steps(trie: Trie, depth: int, nodes: Integers, sayable: Mask) -> tuple[Integers, Integers]:
    """Return every step from these nodes that may be taken: the beam it comes from, and the node it leads to."""
    firsts, lasts = trie.first[depth][nodes], trie.first[depth][nodes + 1]
    parents = np.repeat(np.arange(len(nodes)), lasts - firsts)
    within = np.arange(len(parents)) - np.repeat(np.cumsum(lasts - firsts) - (lasts - firsts), lasts - firsts)
    children = firsts[parents] + within
    allowed = sayable[children]
    return parents[allowed], children[allowed]
