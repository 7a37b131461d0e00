"""Which number format is fast here. Knows processors, not models."""

from __future__ import annotations

import torch

# The names under which processors tell that they multiply bfloat16 themselves: x86 with AVX-512 or AMX, and Arm.
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16")


def fast_type(device: torch.device | str = "cpu") -> torch.dtype:
    """Return bfloat16 where the processor multiplies it: half the time of float32 there, several times it elsewhere."""
    if torch.device(device).type != "cpu":
        return torch.bfloat16
    capabilities = torch.cpu.get_capabilities()
    return torch.bfloat16 if any(capabilities.get(name) for name in _BFLOAT16) else torch.float32


def use_one_thread() -> None:
    """Let torch compute with one thread from now on: a second one beside a busy process waits more than it helps."""
    torch.set_num_threads(1)
