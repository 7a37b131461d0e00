"""The one-machine stack: Kafka, Triton and the services as supervised processes. Needs no Docker, no Java, no root.

`python -m deploy.local` is the program; `LocalStack(StackConfig(...))` is the same thing for tests and benchmarks.
"""

from deploy.local.config import StackConfig
from deploy.local.stack import LocalStack

__all__ = ["LocalStack", "StackConfig"]
