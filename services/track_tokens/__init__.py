"""The track_tokens service: folds playlist edits and the catalogue into what the recommender knows of each track."""
