"""Wires and runs the track_tokens service: `python -m services.track_tokens`."""

import mode.loop

mode.loop.use("uvloop")  # before Faust is imported

import sys  # noqa: E402

from segue.errors import SegueError  # noqa: E402
from segue.model.frozen import load_clusters  # noqa: E402
from services.runtime import health, log, settings  # noqa: E402
from services.runtime.partitions import ASSIGNED  # noqa: E402
from services.runtime.stream import faust_app, run  # noqa: E402
from services.runtime.topics import check_topics  # noqa: E402
from services.runtime.track_encoder import TritonTrackEncoder  # noqa: E402
from services.track_tokens.encoding import ENCODER  # noqa: E402
from services.track_tokens.stream import TokenStream  # noqa: E402


def main() -> int:
    """Run until stopped; a wrong setting, checkpoint or topic is one sentence and exit code 1."""
    try:
        given = settings.load()
        log.configure(given, "track_tokens")
        readiness = health.Readiness(ASSIGNED, ENCODER)
        health.serve(readiness, given.bind, given.metrics_port)
        check_topics(given)
        app = faust_app(given, "segue-track-tokens")
        clusters = load_clusters(given.checkpoint)
        TokenStream(app, given, lambda: TritonTrackEncoder(given.triton), readiness, clusters).attach()
    except SegueError as error:
        print(error, file=sys.stderr)
        return 1
    run(app)
    return 0


if __name__ == "__main__":
    sys.exit(main())
