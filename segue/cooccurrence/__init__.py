"""Which tracks playlists put beside each other: pure folds over playlist edits and the catalogue.

Knows nothing about Kafka, Faust or the model: `services/track_tokens/` feeds it, the recommender reads what it gives.
"""
