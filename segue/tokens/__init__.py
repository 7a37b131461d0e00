"""Tracks and sessions as tokens: five codebooks for what a track is, and the sequence that a listener's past becomes.

The same code reads the past in training and in serving. Knows neither torch nor where tokens go; only `fitting.py` and
`naming.py`, which make codebooks, need scikit-learn and a whole catalogue.
"""
