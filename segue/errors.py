"""Every error that Segue raises on purpose, as one tree.

SegueError
├── InvalidMessage          a message that no retry can make good; carries the field violations
│   ├── MalformedMessage    not JSON, or not of the message's shape
│   ├── LateEvent           older than the stated lateness allows
│   ├── FutureEvent         dated after the moment it reached the log
│   └── UnexpectedError     a record that a handler failed on: a fault of ours, dead-lettered like the rest
├── DatasetError            a dataset folder or a file to import that cannot be read
├── CheckpointError         a checkpoint that is missing, damaged or foreign
├── EndpointError           a language model's endpoint that refuses, or gives no usable answer
├── RecommenderUnavailable  the model server is down, late, or refused the call
│   └── RecommenderFailed   it is there and failed on what it was asked: something else may go well
├── RequestFailed           a call to Segue that failed; carries the gRPC status and the field violations
└── StackError              settings or the one-machine stack cannot be used as they are; says what to change
"""

from __future__ import annotations

from dataclasses import dataclass


class SegueError(Exception):
    """The root: whatever Segue raises on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field of a message that is wrong: its path in the message, and what to do about it."""

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}" if self.field else self.description


class InvalidMessage(SegueError):
    """A message that no retry can make good."""

    reason = "invalid"

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


class MalformedMessage(InvalidMessage):
    """Not JSON, or not of the message's shape."""

    reason = "malformed"


class LateEvent(InvalidMessage):
    """Older than the stated lateness allows."""

    reason = "late"


class FutureEvent(InvalidMessage):
    """Dated after the moment it reached the log."""

    reason = "future"


class UnexpectedError(InvalidMessage):
    """A record that a handler failed on: a fault of ours, dead-lettered like the rest."""

    reason = "internal"


class DatasetError(SegueError):
    """A dataset folder or a file to import that cannot be read."""


class CheckpointError(SegueError):
    """A checkpoint that is missing, damaged or foreign."""


class EndpointError(SegueError):
    """A language model's endpoint that refuses, or gives no usable answer."""


class RecommenderUnavailable(SegueError):
    """The model server is down, late, or refused the call."""


class RecommenderFailed(RecommenderUnavailable):
    """The model server is there and failed on what it was asked: something else may go well."""


class RequestFailed(SegueError):
    """A call to Segue that failed.

    `status` is the gRPC status code's name, `violations` the fields to correct, `request_id` what the service's log
    calls the call; it is empty when the call did not reach the service.
    """

    def __init__(self, status: str, message: str, violations: tuple[Violation, ...] = (), request_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.violations = violations
        self.request_id = request_id


class StackError(SegueError):
    """Settings or the one-machine stack cannot be used as they are."""
