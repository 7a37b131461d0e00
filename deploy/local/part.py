"""What one process of the stack is: how to run it, what must be ready before, how to tell that it is.

Knows nothing about starting or stopping; `stack.py` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One process. Without `ready` it is a task: it is ready once it has ended with exit code 0."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    after: frozenset[str] = frozenset()
    ready: Callable[[], bool] | None = None
    # A folder to find programs in before all others.
    path_first: str = ""
    # Field of the configuration for each port it listens on.
    ports: Mapping[str, int] = field(default_factory=dict)
    # What it left behind and cannot remove itself when it is killed.
    clean: Callable[[], None] = lambda: None

    @property
    def is_task(self) -> bool:
        """Whether it is meant to end."""
        return self.ready is None
