"""The model card that lies in a checkpoint: what it is, what it was measured to do, what it is not for."""

from __future__ import annotations

from segue.model.checkpoint import Checkpoint
from segue.tokens.content import MODALITIES


def model_card(checkpoint: Checkpoint) -> str:
    """Return the card as Markdown."""
    metrics, config = checkpoint.metrics, checkpoint.config
    codes = ", ".join(f"{size} {modality}" for modality, size in zip(MODALITIES, config.code_sizes, strict=True))
    return "\n".join(
        (
            "# A Segue recommender",
            "",
            f"Decoder-only transformer of {metrics['parameters']:,} parameters:",
            f"width {config.width}, {config.layers} layers.",
            f"Tracks: {len(checkpoint.index):,}. Codes: {codes}. Words: {len(checkpoint.vocabulary.words.listed):,}.",
            f"Trained on what happened before: {metrics['trained_until'] or 'the end of the dataset'}.",
            "",
            "Next track on the newest part of the training data, which training did not see:",
            "",
            "| ranker | hit@10 | hit@100 | MRR |",
            "|---|---|---|---|",
            *(
                f"| {name} | {reached['hit10']:.3f} | {reached['hit100']:.3f} | {reached['mrr']:.3f} |"
                for name, reached in metrics["validation"].items()
            ),
            "",
            "The blend's weights were chosen on these positions, so its own figures are somewhat too good.",
            "",
            "It recommends tracks of its catalogue from what a session played, judged and said. It repeats the",
            "habits of the playlists and sessions it was trained on, popular tracks foremost, and knows nobody",
            "beyond the session.",
            "",
        )
    )
