"""A small invented world of music: artists, tracks, listeners, playlists, sessions and dialogues, all from one seed.

What it assumes is written in `docs/world.md`. Everything is invented here; knows nothing of real music or of the model.
"""
