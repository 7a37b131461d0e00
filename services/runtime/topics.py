"""Creates the declared topics at a broker: `python -m services.runtime.topics`. Running it twice changes nothing.

Knows `topology.py` and the broker; deletes nothing, and leaves the configuration of a topic that exists as it is.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from segue.errors import StackError
from services.runtime.settings import Settings, load
from services.runtime.topology import TOPICS, Topic


def create_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create what is missing and return its names. Raises StackError when the broker refuses or cannot be reached."""
    try:
        with KafkaAdminClient(bootstrap_servers=settings.kafka.split(","), client_id="segue-topics") as admin:
            existing = set(admin.list_topics())
            return [topic.name for topic in topics if topic.name not in existing and _create(admin, topic, settings)]
    except KafkaError as error:
        raise StackError(f"cannot create topics at {settings.kafka}: {error}") from error


def _create(admin: KafkaAdminClient, topic: Topic, settings: Settings) -> bool:
    wanted = {
        "num_partitions": topic.partitions or settings.partitions,
        "replication_factor": settings.replication,
        "configs": topic.broker_config(),
    }
    try:
        admin.create_topics({topic.name: wanted}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return False
    return True


def main() -> int:
    """Create the topics, print which, and return the exit code."""
    logging.getLogger("kafka").setLevel(logging.ERROR)
    try:
        created = create_topics(load())
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"topics created: {', '.join(created) or 'none, all exist'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
