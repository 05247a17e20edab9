"""Where a test may kill the process: FAILPOINT=name, or name:3 for the third time it is reached.

The points stand between the commits of an import and of a night; the suite finds them by reading the source, so that none is left untried.
"""

import os
import signal
from collections import Counter

_reached: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Dies here, as under `kill -9`, when the environment says so."""
    wanted, _, turn = os.environ.get("FAILPOINT", "").partition(":")
    if wanted == name:
        _reached[name] += 1
        if _reached[name] == int(turn or 1):
            os.kill(os.getpid(), signal.SIGKILL)
