"""Wires and runs the sessions service: `python -m services.sessions`."""

import mode.loop

mode.loop.use("uvloop")  # before Faust is imported

import sys  # noqa: E402

from segue.errors import SegueError  # noqa: E402
from segue.popularity import Popularity  # noqa: E402
from services.runtime import catalog, health, log, settings  # noqa: E402
from services.runtime.partitions import ASSIGNED  # noqa: E402
from services.runtime.recommender import TritonRecommender  # noqa: E402
from services.runtime.stream import faust_app, run  # noqa: E402
from services.runtime.topics import check_topics  # noqa: E402
from services.sessions.fallback import Fallback  # noqa: E402
from services.sessions.stream import MODEL, SessionStream  # noqa: E402


def main() -> int:
    """Run until stopped; a wrong setting, checkpoint or topic is one sentence and exit code 1."""
    try:
        given = settings.load()
        log.configure(given, "sessions")
        fallback = Fallback(Popularity.load(given.checkpoint))
        readiness = health.Readiness(ASSIGNED, MODEL)
        health.serve(readiness, given.bind, given.metrics_port)
        check_topics(given)
        app = faust_app(given, "segue-sessions")
        SessionStream(app, given, lambda: TritonRecommender(given.triton), fallback, readiness).attach()
        catalog.follower(given, "sessions", fallback, fallback.update).begin()
    except SegueError as error:
        print(error, file=sys.stderr)
        return 1
    run(app)
    return 0


if __name__ == "__main__":
    sys.exit(main())
