"""Every setting of every service, typed, with its default and its meaning. Read from `SEGUE_*` once, at the start.

Nothing else reads the environment.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from segue.errors import StackError
from segue.session import FoldRules

# A gateway's call waits no longer, whatever its deadline.
LONGEST_WAIT = timedelta(minutes=1)

Port = Annotated[int, Field(ge=1, le=65_535)]
# Bounded so that a slip of the pen stops the start, and no sum of times overflows.
Wait = Annotated[timedelta, Field(gt=timedelta(0), le=LONGEST_WAIT)]
Tolerance = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=3_650))]


class Settings(BaseSettings):
    """The settings; an environment variable is the field's name in capitals behind `SEGUE_`."""

    model_config = SettingsConfigDict(env_prefix="SEGUE_", frozen=True)

    # The broker and its topics.
    kafka: str = Field("127.0.0.1:9092", description="bootstrap servers, host:port, comma-separated")
    partitions: int = Field(4, ge=1, le=1_000, description="partitions of each topic when it is first created")
    replication: int = Field(1, ge=1, le=9, description="replicas of each topic when it is first created")

    # The model server and the checkpoint.
    triton: str = Field("127.0.0.1:8001", description="Triton's gRPC address, host:port")
    checkpoint: Path = Field(
        Path("checkpoints/world"), description="checkpoint folder; its popular list is the last resort"
    )

    # This process.
    bind: str = Field("127.0.0.1", description="address that gRPC and metrics listen on")
    grpc_port: Port = Field(7600, description="the gateway's gRPC port")
    metrics_port: Port = Field(7700, description="port of /metrics, /live and /ready")
    state: Path = Field(Path(".segue/state"), description="folder of this worker's RocksDB tables")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    # Event time (see segue/session.py).
    lateness: Tolerance = Field(timedelta(hours=24), description="how far behind a listener's newest event")
    clock_skew: Tolerance = Field(timedelta(minutes=1), description="how far an event may be dated after its record")
    idle_expiry: Tolerance = Field(
        timedelta(days=30), gt=timedelta(0), description="when an idle listener is forgotten"
    )

    # The way of tokens into the model.
    follow_tokens: bool = Field(default=True, description="whether the recommender follows track-tokens")
    catch_up: timedelta = Field(
        timedelta(seconds=20),
        ge=timedelta(0),
        le=timedelta(days=1),
        description="how long its start waits until caught up",
    )

    # The way to the model.
    default_deadline: Wait = Field(timedelta(seconds=1), description="of calls that carry none")
    model_timeout: Wait = Field(timedelta(milliseconds=800), description="of one call to the recommender")
    max_batch: int = Field(8, ge=1, le=64, description="sessions in one call to the recommender")
    max_waiting: int = Field(
        1_024,
        ge=1,
        description="turns and requests that may wait, before sessions pauses its intake and the gateway refuses calls",
    )
    max_pending: int = Field(10_000, ge=1, description="listeners that may wait before sessions pauses its intake")

    def fold_rules(self) -> FoldRules:
        """The settings that the fold of a session needs."""
        return FoldRules(self.lateness, self.clock_skew, self.idle_expiry)


def load() -> Settings:
    """Read the settings. Raises StackError that names each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"SEGUE_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors())
        raise StackError(f"settings cannot be read: {wrong}") from error
