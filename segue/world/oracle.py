"""The truth about what comes next: the odds from which each track of a history was drawn, known to nobody in the world.

Draws a history again with its own dice and looks over its shoulder. Nothing can rank better in the long run, so it is
the upper bound of an evaluation. Knows a world and the names of its histories, no rankers.
"""

from __future__ import annotations

from functools import lru_cache

from segue.world.draws import Draw
from segue.world.simulate import World


class Oracle:
    """The true odds in one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        # Sessions are drawn listener by listener; one listener's are asked for one after another.
        self._sessions = lru_cache(maxsize=2)(self._sessions_of)

    def wanted(self, name: str) -> list[Draw]:
        """Return the wanted draws of a playlist, session or dialogue of this name, in order.

        The odds of each, [tracks], are those of the next wanted track, given everything that lies beneath: the aim,
        the day's fashion, and what happened before. Raises KeyError for a name that the world has not.
        """
        kind, _, number = name.partition("-")
        draws: list[Draw] = []
        if kind == "playlist":
            self._world.playlist(int(number), draws.append)
        elif kind == "dialogue":
            self._world.dialogue(int(number), draws.append)
        else:
            draws = self._sessions(int(number.partition("-")[0]))[name]
        return [draw for draw in draws if draw.wanted]

    def _sessions_of(self, listener: int) -> dict[str, list[Draw]]:
        found: dict[str, list[Draw]] = {}
        draws: list[Draw] = []
        for session in self._world.sessions_of(listener, draws.append):
            found[session.session_id] = draws.copy()
            draws.clear()
        return found
