"""The stream gives what the backtest gives, bit for bit: a small version of `make parity`."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench import parity
from bench.parity import VARIANTS, Variant
from deploy.local import StackConfig
from segue.dataset import Dataset


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_stream_publishes_what_the_folds_give_for_the_log_in_order(variant: Variant) -> None:
    log = parity.log_of(Dataset.open(StackConfig().sample), 1_500)
    figures = parity.measure(log, [variant], Console(stderr=True))
    assert figures["differences"] == 0
    assert figures["moved_codes"] > 20
