"""The recommender: a decoder over token sequences, exact scoring of a catalogue, reasons, and the checkpoint.

Knows neither Triton nor Kafka; `model_repo/` adapts it. Only `decoder.py` and `recommender.py` need torch.
"""
