"""Creates the declared topics at a broker: `python -m services.runtime.topics`. Running it twice changes nothing.

Knows `topology.py` and the broker; deletes nothing, and leaves the configuration of a topic that exists as it is.
Topics with other partitions than the settings say are refused, here and at the start of what keeps state by partition.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Iterable, Mapping

import structlog
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from segue.errors import StackError
from services.runtime.settings import Settings, load
from services.runtime.topology import TOPICS, Topic

log = structlog.get_logger()

# How long one attempt to reach the broker lasts, and the pause after a failed one, in seconds.
CONNECT = 2.0
RETRY = 1.0


def create_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create what is missing and return its names.

    Raises StackError when the broker refuses or cannot be reached, and when a topic has another number of partitions.
    """
    declared = tuple(topics)
    try:
        with KafkaAdminClient(bootstrap_servers=settings.kafka.split(","), client_id="segue-topics") as admin:
            existing = _partitions(admin, declared)
            refuse_other_partitions(existing, settings, declared)
            return [topic.name for topic in declared if topic.name not in existing and _create(admin, topic, settings)]
    except KafkaError as error:
        raise StackError(f"cannot create topics at {settings.kafka}: {error}") from error


def check_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> None:
    """Return once the broker answers and the topics that it has are as declared, however long that takes.

    Whoever keeps state by partition calls this before its first record. Raises StackError when a topic has another
    number of partitions. Topics that do not exist yet are no reason to wait.
    """
    # The first process of a container hears no signal that it has no handler for, and nothing is open yet.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    declared, said = tuple(topics), False
    while True:
        try:
            existing = _existing(settings, declared)
        except KafkaError as error:
            if not said:
                log.warning("waiting for the broker", kafka=settings.kafka, error=repr(error)[:300])
            said = True
            time.sleep(RETRY)
        else:
            return refuse_other_partitions(existing, settings, declared)


def refuse_other_partitions(existing: Mapping[str, int], settings: Settings, topics: Iterable[Topic] = TOPICS) -> None:
    """Raise StackError when a topic exists with another number of partitions than declared; `existing`: by name.

    More partitions are no better than fewer: keys would move to other partitions, away from their state.
    """
    wrong = {
        topic.name: (existing[topic.name], topic.partitions or settings.partitions)
        for topic in topics
        if topic.name in existing and existing[topic.name] != (topic.partitions or settings.partitions)
    }
    if not wrong:
        return
    listed = ", ".join(f"{name} has {found} and not {wanted}" for name, (found, wanted) in wrong.items())
    counts = {found for name, (found, wanted) in wrong.items() if wanted == settings.partitions}
    back = f"set SEGUE_PARTITIONS to {counts.pop()} again" if len(counts) == 1 else "make them equal again"
    raise StackError(
        f"SEGUE_PARTITIONS is {settings.partitions}, but topics at {settings.kafka} exist with other partitions "
        f"({listed}), and keys cannot leave the partition that holds their state; {back}, or start with an empty broker"
    )


def _existing(settings: Settings, topics: Iterable[Topic]) -> dict[str, int]:
    with KafkaAdminClient(
        bootstrap_servers=settings.kafka.split(","),
        client_id="segue-topics",
        bootstrap_timeout_ms=int(CONNECT * 1_000),
    ) as admin:
        return _partitions(admin, topics)


def _partitions(admin: KafkaAdminClient, topics: Iterable[Topic]) -> dict[str, int]:
    """Return the number of partitions of those that exist."""
    names = {topic.name for topic in topics}
    return {each["name"]: len(each["partitions"]) for each in admin.describe_topics() if each["name"] in names}


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
