"""What decides how codes and neighbours follow the playlists: a part of the checkpoint, chosen on development data.

Knows numbers and what they mean; `company.py` and `assignment.py` use them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class LiveRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How evidence fades, and how much of it moves a code.

    Evidence and beliefs are counted in additions: what one track says that was added among ten others on either side.
    """

    # Evidence fades by 1/e in so many days, counted back from the track's own newest evidence.
    neighbour_days: Annotated[float, Meta(gt=0)] = 20.0
    # What a track's whole list, and the checkpoint's own, lose beside newer evidence of other tracks: 1/e in so many
    # days, for a log that goes on all the time. Without it, lists of all times weigh alike.
    list_days: Annotated[float, Meta(gt=0)] | None = None
    code_days: Annotated[float, Meta(gt=0)] = 20.0
    # Codes are looked at where a span of so many hours of event time ends, and at the newest evidence.
    span_hours: Annotated[int, Meta(ge=1)] = 24
    # How much the code weighs that the checkpoint has for a track, and the one that its content suggests.
    known_belief: Annotated[float, Meta(ge=0)] = 4.0
    content_belief: Annotated[float, Meta(ge=0)] = 1.0
    # By how much another centroid must be closer, as a difference of squared distances between unit vectors, 0 to 4.
    margin: Annotated[float, Meta(ge=0)] = 0.05
