"""How Segue is set up and run; knows processes, ports and folders, and nothing about music."""

import signal
import sys

# While `python -m deploy...` is still being imported nothing runs yet, and Ctrl-C ends it without a traceback. The
# programs take over from there; whoever imports a module of this package keeps what it has.
if sys.argv[:1] == ["-m"]:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
