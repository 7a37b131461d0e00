"""Dialogues for tests, in CPCD's schema: people who ask for a kind of music and like the tracks of its artists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KINDS = {
    "calm piano": ("Ada Stillwater", "Nils Quiet", "Olga Moon"),
    "loud guitars": ("Iron Hammer", "The Rusty Nails", "Black Furnace"),
    "happy dancing": ("Disco Lemon", "Paula Glitter", "Club Tropic"),
}
TRACKS_AN_ARTIST = 4


def described() -> dict[str, dict[str, Any]]:
    return {
        f"{artist}-{number}": {
            "track_ids": f"{artist}-{number}",
            "track_titles": f"Number {number}",
            "track_artists": [artist],
            "track_release_titles": kind.title(),
        }
        for kind, artists in KINDS.items()
        for artist in artists
        for number in range(TRACKS_AN_ARTIST)
    }


def dialogue(name: str, kind: str) -> dict[str, Any]:
    first, second, third = KINDS[kind]
    liked = [[f"{artist}-{number}" for number in range(2)] for artist in (first, second)]
    return {
        "id": name,
        "goal_playlist": [*liked[0], *liked[1]],
        "tracks": described(),
        "turns": [
            {
                "user_query": f"hello, I would like {kind}",
                "system_response": f"Here is some {first}. Do you like {second}?",
                "search_queries": [first],
                "liked_results": liked[0],
                "disliked_results": [f"{third}-0"],
            },
            {
                "user_query": f"yes, more of {second} please",
                "system_response": "Enjoy!",
                "search_queries": [second],
                "liked_results": liked[1],
                "disliked_results": [],
            },
            {
                "user_query": "thank you",
                "system_response": "",
                "search_queries": [],
                "liked_results": [],
                "disliked_results": [],
            },
        ],
    }


def write(path: Path, names: str, **changes: Any) -> Path:
    """Write a dialogue for each letter, the kinds in turn."""
    kinds = [list(KINDS)[place % len(KINDS)] for place in range(len(names))]
    rows = [dialogue(name, kind) | changes for name, kind in zip(names, kinds, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
