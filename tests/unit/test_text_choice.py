"""Text codes rest on the encoder that says most of the company tracks keep; alike texts have alike vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from segue.tokens.coherence import coherence
from segue.tokens.fitting import CodebookRules
from segue.tokens.text import Floats, JoinedEncoder, LexicalEncoder, PooledEncoder, ProjectedEncoder, unit
from segue.tokens.text_choice import choose_encoder
from segue.tokens.text_fitting import fit_lexical
from segue.tokens.transforms import transform_arrays, transform_from, transform_told

RULES = CodebookRules(most_codes=12, dimensions=16)
GROUPS, PER_GROUP = 6, 60


class Reader:
    """An encoder that knows which group each text is of, whatever its words."""

    name = "reader"
    dimensions = 8

    def encode(self, texts: Sequence[str]) -> Floats:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            if text:
                number = int(text.split()[-1].removeprefix("n"))
                vectors[place, number // PER_GROUP] = 1.0
                vectors[place, 6 + number % 2] = 0.1 + 0.001 * number
        return unit(vectors)


class Blind(Reader):
    """An encoder that tells texts apart and knows nothing of their groups."""

    def encode(self, texts: Sequence[str]) -> Floats:
        seeds = [sum(text.encode()) * 31 + len(text) for text in texts]
        return unit(np.stack([np.random.default_rng(seed).normal(size=8) for seed in seeds]).astype(np.float32))


def _texts() -> list[str]:
    """Return texts whose words say nothing of their group."""
    random = np.random.default_rng(1)
    words = [f"word{word}" for word in range(40)]
    return [f"{' '.join(random.choice(words, 4))} n{number}" for number in range(GROUPS * PER_GROUP)]


def _company(seed: int = 1) -> csr_matrix:
    """Return counts in which tracks stand beside tracks of their group."""
    groups = np.repeat(np.arange(GROUPS), PER_GROUP)
    together = (groups[:, None] == groups) & (np.random.default_rng(seed).random((len(groups),) * 2) < 0.5)
    return csr_matrix((together | together.T).astype(np.float32))


def test_an_encoder_that_knows_what_company_tracks_keep_is_chosen() -> None:
    choice = choose_encoder(_texts(), _company(), RULES, Reader())
    assert isinstance(choice.encoder, ProjectedEncoder | JoinedEncoder)
    assert choice.coherence > choose_encoder(_texts(), _company(), RULES).coherence + 0.5


def test_an_encoder_that_says_no_more_than_words_is_not_worth_its_cost() -> None:
    groups = [number // PER_GROUP for number in range(GROUPS * PER_GROUP)]
    texts = [f"group{group} scene{group} label{group} n{number}" for number, group in enumerate(groups)]
    assert isinstance(choose_encoder(texts, _company(), RULES, Blind()).encoder, LexicalEncoder)


def test_without_company_or_with_too_many_texts_codes_are_lexical() -> None:
    nothing = csr_matrix((GROUPS * PER_GROUP,) * 2, dtype=np.float32)
    assert isinstance(choose_encoder(_texts(), nothing, RULES, Reader()).encoder, LexicalEncoder)
    few = CodebookRules(most_codes=12, dimensions=16, most_encoded=50)
    assert isinstance(choose_encoder(_texts(), _company(), few, Reader()).encoder, LexicalEncoder)


def test_codes_of_the_company_are_coherent_and_random_ones_are_not() -> None:
    groups = np.repeat(np.arange(GROUPS), PER_GROUP)
    assert coherence(groups, _company()) > 1.0
    assert coherence(np.random.default_rng(2).permutation(groups), _company()) < 0.05


def test_lexical_vectors_are_closer_the_more_they_share_and_an_artist_counts_as_a_whole() -> None:
    texts = [f"The Band {number % 30}\nalbum {number // 3}\nTune {number}" for number in range(300)]
    encoder = fit_lexical(texts, 4_096, 32, 1)
    one, same_artist, other = encoder.encode([texts[0], texts[30], texts[31]])
    assert one @ same_artist > one @ other + 0.2
    assert not encoder.encode(["", "the"]).any()


def test_rare_features_have_directions_of_their_own_where_asked() -> None:
    texts = [f"artist{number // 3}\ndecade{number % 2}" for number in range(600)]
    plain, rare = (fit_lexical(texts, 4_096, 16, 1, rare=kept).encode(texts) for kept in (False, True))
    same, other = rare[0] @ rare[2], rare[0] @ rare[4]
    assert same - other > plain[0] @ plain[2] - plain[0] @ plain[4] + 0.1


def test_pooled_vectors_are_the_mean_of_the_lines() -> None:
    pooled = PooledEncoder(Reader()).encode(["n0\nn60", "n0", ""])
    lines = Reader().encode(["n0", "n60"])
    np.testing.assert_allclose(pooled[0], unit((lines[0] + lines[1] / np.float32(1.1))[None])[0], atol=1e-6)
    assert not pooled[2].any()


def test_every_encoder_survives_its_arrays() -> None:
    texts = _texts()
    choice = choose_encoder(texts, _company(), RULES, PooledEncoder(Reader()))
    lexical = replace(fit_lexical(texts, 4_096, 8, 1), line_damping=0.25)
    for encoder in (choice.encoder, lexical, JoinedEncoder(lexical, choice.encoder)):
        read = transform_from(transform_told(encoder), transform_arrays(encoder), Reader())
        assert isinstance(read, type(encoder))
        assert np.array_equal(read.encode(texts), encoder.encode(texts))
