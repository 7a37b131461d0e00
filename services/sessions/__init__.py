"""The sessions service: folds what listeners do and say into their state, asks the recommender, and emits."""
