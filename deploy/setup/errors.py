"""What can go wrong in set-up: one error, whose message is one sentence. Knows the signs, not the steps."""

from __future__ import annotations

DISK_IS_FULL = ("no space left on device", "errno 28", "os error 28", "disk quota exceeded")
NO_NETWORK = (
    "name resolution",
    "name or service not known",
    "dns error",
    "failed to lookup address",
    "connection refused",
    "network is unreachable",
    "newconnectionerror",
    "connecttimeout",
    "error sending request",
    "client error (connect)",
    "operation timed out",
    "tunnel error",
    "(from versions: none)",
)


class SetupError(Exception):
    """Set-up cannot go on; the message says why and what to do."""


def explain(step: str, output: str, network: str) -> SetupError:
    """Return the error for a step whose program failed with this output; `network` says what must be reachable."""
    said = output.lower()
    if any(sign in said for sign in DISK_IS_FULL):
        return SetupError(f"the disk is full: {step} needs more room; free some and run the command again")
    if any(sign in said for sign in NO_NETWORK):
        return SetupError(f"no network: {step} cannot reach {network}; connect and run the command again")
    last = " ".join(output.strip().splitlines()[-3:]) or "it said nothing"
    return SetupError(f"{step} failed: {last}")
