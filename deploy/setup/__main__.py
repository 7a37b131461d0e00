"""`python -m deploy.setup`: makes or completes `.venv`; the second run takes milliseconds. Says why when it cannot."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from deploy.setup.errors import SetupError
from deploy.setup.install import Environment
from deploy.setup.interpreter import candidates, choose

INTERRUPTED = 130


def main() -> int:
    """Set up and return the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        environment = Environment(Path(__file__).resolve().parents[2], os.environ.get("SEGUE_TORCH") or None)
        if not environment.is_complete():
            environment.make(choose(candidates()))
    except (SetupError, OSError) as error:
        sys.stderr.write(f"set-up: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("set-up: interrupted; run the command again to go on\n")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
