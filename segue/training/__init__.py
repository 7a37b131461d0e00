"""From a dataset folder to a checkpoint: histories, codebooks, neighbours, the decoder's training, the blend.

Knows datasets and the model; prints nothing (`segue/cli/training.py` does) and opens no connection.
"""
