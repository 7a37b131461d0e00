"""Playlists predicted from what was known the day before: arms that stand still beside arms that follow the edits.

Knows a log of dated edits and the library's own folds; prints nothing. `docs/evaluation.md` describes the task.
"""
